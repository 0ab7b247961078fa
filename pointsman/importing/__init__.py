"""`pointsman import`: recorded answers in the layouts they are published in, checked row by row, as canonical parquet.

A file is opened (opening) as a stream of records, whatever holds them (parquet_files, separated, json_lines); its
columns say which layout it has (layouts), and that makes one or more rows of a record. Rows are checked (rows), told
from those seen before (seen), counted (report) and written (writing). Nothing is held but the batch in hand.
"""
