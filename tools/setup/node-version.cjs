'use strict';

/** The oldest Node 20 that every dependency accepts (undici 7); `engines` in package.json says the same. */
var OLDEST = [20, 18, 1];

/**
 * Says in one sentence why this Node cannot run esprig, or nothing. Plain old syntax: see tools/setup.cjs.
 * @param {string} version as in process.versions.node
 * @returns {string | undefined}
 */
function nodeVersionProblem(version) {
  var parts = version.split('.').map(Number);
  var major = parts[0] || 0;
  var minor = parts[1] || 0;
  var patch = parts[2] || 0;
  var oldEnough = minor < OLDEST[1] || (minor === OLDEST[1] && patch < OLDEST[2]);
  if (major === OLDEST[0] && !oldEnough) return undefined;
  return (
    'esprig needs Node 20 (' +
    OLDEST.join('.') +
    ' or a later 20.x); this is Node ' +
    version +
    '. Install Node 20 (for instance "nvm install 20"), then run the command again.'
  );
}

module.exports = { nodeVersionProblem: nodeVersionProblem };
