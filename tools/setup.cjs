'use strict';
/*
 * Gets this checkout ready: `node tools/setup.cjs start` or `node tools/setup.cjs test`.
 * It runs before node_modules exist, so it and all of tools/setup use Node's own modules only. This first file is in
 * the oldest JavaScript there is, so that an old Node gets as far as the sentence that tells what is wrong.
 */
var problem = require('./setup/node-version.cjs').nodeVersionProblem(process.versions.node);
if (problem) {
  process.stderr.write(problem + '\n');
  process.exitCode = 3;
} else {
  require('./setup/main.cjs').main(process.argv.slice(2));
}
