"""Words that may be quoted from a system's own messages, addresses and file names.

A message about a failed request may name the person it was about. No program can tell a name from a word it does not
know. So only these words are quoted: those below, those of the source file itself, and words of one or two letters.
Every other one shows as ``…``. A word that is missed in a message belongs into this list, if it is nobody's name.
"""

import re
from collections.abc import Set as AbstractSet

MASKED = "…"
_WORD = re.compile(r"[^\W\d_]{3,}")
_MANY = re.compile(rf"{MASKED}(?:(?:[ ,.'-]|%20)*{MASKED})+")


def words_of(text: str) -> frozenset[str]:
    """The words of a text, in lower case."""
    return frozenset(word.lower() for word in _WORD.findall(text))


def known_words(text: str, more: AbstractSet[str] = frozenset()) -> str:
    """The text with every word masked that is neither in the list nor among ``more`` (in lower case)."""

    def shown(found: re.Match[str]) -> str:
        word = found.group(0).lower()
        return found.group(0) if word in _KNOWN or word in more else MASKED

    return _MANY.sub(MASKED, _WORD.sub(shown, text))


_LIST = """
aborted accept accepted access accesstoken action active ada add address addresses administrator after again agama
agency agustus air aklap akses aktif alamat alert all allow alter among amp and anda anew anggaran angka announced
announcement announces another answer answered answers antrean any apart api apikey app application approved april
are args argument arguments array ascii ask asked asks asyncssh attempts auth authentication authority authorization
authorized availability available avg ayah backoff baik balita bantuan banyak bare baris baru base basic basis batas
bearer bearertoken before begin belanja belongs below belum berakhir berat berhasil berkas berupa besar beside
beyond big bigint bind binto bit blob block body bomb both bpjs bps breaks bring broken browser buffer bukan bulan
bundle but byte bytes calamine call called came can cannot capaian captcha carries cas case cast catalog cell cells
cert certificate certificates cetaklra change changed character characters charset check checked checknib chunk
chunked cipher circle ckan claims class clear client climb clock close closed coba code coding colspan column
columns comes coming commit compare complete compressed compression concat conf confirm connect connection
connectionpool connections connectors cons constraint content context contoh control cookie core correct costly
could count counted counts create creators credential credentials csv current cursor cut daerah daftar dalam damaged
dan dapodik dapodiq dashboard data database datacontent datadir datastore date datetime dbname deadline deadlock
decimal decoded def default defaults deflate delete delimiter denied derive desa desember details diagnostics
dibatalkan did didik digits diisi diizinkan dikenali dimension dimensions dinas dinkes diperbolehkan diproses
disable disconnect diskominfo district ditemukan diterima ditimbang ditolak div division doctype documentation does
doesn domain double down drip drips drop due dumpfile duplicate each earlier element else elsewhere empty encoded
encoding encounter encrypted end ended endless eng entity entries entry enum envelope eppgbm equal equals error
errorcode estimated etc every everything evil exact example exceeded exception execution exist exit expected expired
expires expression extra failed false fatal fault faults faultstring februari fetched fetchnib fhir field fields
file files filters first fit fits float flush folder followed follows for forbid forbidden force foreign form format
found from ftp full function gagal galat gateway gave generate getaddrinfo getlisttask getpesertadidik gets
getsekolah given gives global goes grace grant greeting group grup guru gzip habis hak half handshake happens harap
hari harus has have hba head header headers heavy held here holds home honest host hostaddr hostname hour html http
https hubungi ibu identified identity idle illegal import imunisasi include incomplete ind index inf infinity
information innodb input inquerynib inqueryproyek insert install instead int integer internal interval intervall
into invalid investasi isb iso isolation issue issued issues item items its izin jadwal jam januari javascript jenis
jenisperizinanlist json juli jumlah juni junk jwt kabupaten kadaluarsa kartu kategori kdpoli kdppk kecamatan
kedaluwarsa kedua keep keepalives kegiatan kelamin keluarga kelurahan kepala kept kesalahan kesatu keterangan key
keys keyscan kind kinerja known kode kodebooking kodedokter kolom kosong kota kueri kunci kuota label labelled
labels labelvervar lacks lahir lain lands lang language laporan large larger last later latest latin layanan leads
left len lengkap length let letters level like limit limits line link links list listed lists little loc local
localhost location lock locks log login lone long looks loop lossy lower lra machine mail makes maksimal many maret
mariadb mariadbd mark marker markers masuk match max may mean meant mei melebihi member members memiliki mempunyai
merged message meta metadata method min minimal minum missing mode model module modules moment more most moved msg
murid must mysql nama name named names nan ndjson near needs nested net netrc network new newest next nib nik nilai
nmpoli nol nomor nonaktif none nonexistent nonsense normal not note notes nothing november now nowhere npsn nul null
number numeric oauth obj object odd off office offset often oktober once one only opd open opened operationoutcome
options order organization original origins oss other otherwise out outfile over overflow packed page paged pages
pagination paging param parameter parameters params parse parser part parts pasien pass passed passfile passphrase
passwd password past path patient pattern pdf pecahan pem pemeliharaan pemohon pendaftaran pendapatan penduduk
penerima pengguna penilaian penyakit per perbaikan percent performance perintah period perizinan permanent
permission pernah persalinan persen persentase peserta phrase pid pilar pilihan place placeholder placeholders plain
points poli pool port position positive post posted postgresql prefer prev primary private proc program properly
propinsi proses protocol protocols prove proved provider provinsi proxies proxy proyek psycopg public pull punya
puskesmas put pwd pymysql pyo python quarantine query quota quote rahasia range rata rate rba read readable reader
ready realisasi really realms reason reasons received record records redirect redirects ref referer refuse refused
refuses registered registry regular rekening rel relation relative remove renamed repeat repeated repeats replace
report request requested requests require required reserved reset resiko resolve resolved resolves resource resources
resourcetype respon response rest result results retry retryable return returning returns reuse rid risiko role root
round row rows rowspan rule rulenumber rumah run runs runtime saat sakit salah same sampah sandi sanitasi satu satusehat
save say says schema script search searchparams searchset second seconds secret secure security sedang sehat sekali
sekolah select selesai self semester semicolon send sends sense sent separator september seq sequence series server
service sesi session sesuai set several severity sftp sha share sheet sheetdata sheets short should show
showdatatable shown shows shrink sibuk sicantik sid sig sign signal signature signin silakan silence simulasi
simulator sinkronisasi sipd sipsn sistem siswa six size skala skip skpd sleep slow socket something soon sort sosial
source sources spbe speak sql sqlstate ssh ssl sslmode sslrootcert sso stands start starts state statement status
stays stempel stopped store str stream string stunting style sub subj subprocess success such sudah sukses supplied
support suppressed surat surrogate surrogatepass survei survey syntax synthetic sys system table tables tahun take
takes talk tanda tangga tanggal tanpa target task tbody tcp teks telah telepon tell tells template temukan terbit
terdaftar terkirim test text tgl than that the thead then there this throttled tidak tiga tightly timbulan time
timed timeout times timestamp timestamptz timezone tinggi tinyint title tls tmp token too total transaction
transient translate transport triwulan true trust trusted trx tulis turtahun turvar twice two type typo ukur umur
unauthorised unauthorized unavailable unbuffered undefined under unexpected unique unit unknown unpack unpacked
unpacks unreachable unsigned until untuk update upload url urllib usable usaha use used user username usr utc utf
util vaksin val valid validation value values var varchar variable verify version vertical vervar violates wait
wajib waktu waktutunggu wanted warning was ways were what when where whether which while whom wide wilayah wire with
within without word words workbook worksheet worksheets would wrap write writes written wrong xls xlsx xml year you
zero zerofill zone zstd
"""
_KNOWN = frozenset(_LIST.split())
