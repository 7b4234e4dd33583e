"""Where tables live: Parquet through Spark, asked through DuckDB."""
