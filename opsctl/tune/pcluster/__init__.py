"""A ParallelCluster configuration file: its queues, the rules of EFA and placement, and the edits that keep them.

`cluster_file` is what a file says, `cluster_rules` what is wrong or below its best there, `yaml_edits` changes the
text and nothing around it, `repairs` says which edits, `checked` joins them, `legacy` reads what version 2 had.
Pure: no file is opened here, and nothing is asked of AWS.
"""
