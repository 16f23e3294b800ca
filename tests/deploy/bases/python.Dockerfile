# Stands in for python:3.11-slim: the same Python release of Debian's, under the names by which that image has it.
FROM debian:pilar-base
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN ln -s /usr/bin/python3 /usr/local/bin/python && ln -s /usr/bin/python3 /usr/local/bin/python3
CMD ["python3"]
