"""What is made from the contracts: dbt's source, the data dictionary, the agencies' pages, ODCS documents."""
