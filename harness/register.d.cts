/** What Node runs in place of the TypeScript source at `path`: JavaScript with its source map inline. */
export declare function compile(path: string, source: string): string;
