import { writeFileSync } from 'node:fs';

import { files } from './all.js';

for (const [name, text] of files()) writeFileSync(new URL(`dashboards/${name}`, import.meta.url), text);
