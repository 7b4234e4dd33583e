"""The services of a data folder: Dagster's code server and daemon, the page, a Spark cluster; and their supervisor."""
