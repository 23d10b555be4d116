/** Says its number, and ends: then that is the number of a dead process. */
process.stdout.write(`${process.pid}`);
