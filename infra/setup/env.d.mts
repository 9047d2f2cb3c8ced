/** Adds the passwords that the file does not have, and makes it if it is not there: their names. */
export function addPasswords(file: string | URL): string[];
