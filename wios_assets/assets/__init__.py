"""The lineage graph: each asset is a noun, partitioned by film where it belongs to one."""
