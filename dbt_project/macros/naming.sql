{#-
    A schema is named as it is configured: `candidate`, not `main_candidate`. The gates and publications name it so, and
    dbt lets no setting say it: this macro is the place that it provides.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}

{#-
    Views must not carry the name under which dbt attached the file: the gates, publications and the next evaluation, which
    copies the file, open it under its own name. dbt always writes the database into a view, and has no setting for it.
-#}
{% macro ref() -%}
    {% do return(builtins.ref(*varargs, **kwargs).include(database=false)) %}
{%- endmacro %}

{% macro source() -%}
    {% do return(builtins.source(*varargs, **kwargs).include(database=false)) %}
{%- endmacro %}
