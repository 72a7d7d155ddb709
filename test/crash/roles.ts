/** What the oracle and the processes that it runs have to agree on. */
export const subjects = 12;
