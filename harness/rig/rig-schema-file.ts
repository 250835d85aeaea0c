import { rigJsonSchema } from './rig-schema';

/**
 * Content of rigs/rig.schema.json, for editors. Written by `node -r ./harness/register.cjs tools/rigs/write-schema.ts`; a
 * test tells when it is not current.
 */
export function rigSchemaText(): string {
  const about = 'Generated from harness/rig/rig-schema.ts by tools/rigs/write-schema.ts; do not edit.';
  return `${JSON.stringify({ $comment: about, ...rigJsonSchema() }, null, 2)}\n`;
}
