/** Of the provider; all packages have the same. */
export const VERSION = "0.1.0";
