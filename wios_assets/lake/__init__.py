"""The lake: tables in Parquet, written through pandas, Arrow or Spark and read through DuckDB."""
