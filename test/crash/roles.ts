/** What the oracle and the processes that it runs have to agree on. */
export const secret = 'the oracle knows it';
export const subjects = 12;
