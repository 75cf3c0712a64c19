"""The targets of WORKBENCH_TEST_TARGET, proved by imitation where neither Docker nor Azure is."""
