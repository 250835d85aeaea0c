/* Writes rigs/rig.schema.json: node -r ./harness/register.cjs tools/rigs/write-schema.ts */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rigSchemaText } from '../../harness/rig/rig-schema-file';

writeFileSync(join(__dirname, '..', '..', 'rigs', 'rig.schema.json'), rigSchemaText());
