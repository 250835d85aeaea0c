'use strict';

/** The oldest Node 20 that every dependency accepts (undici 7); `engines` in package.json says the same. */
var OLDEST = { major: 20, minor: 18, patch: 1 };

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
  var tooOld = minor < OLDEST.minor || (minor === OLDEST.minor && patch < OLDEST.patch);
  if (major === OLDEST.major && !tooOld) return undefined;
  return (
    'esprig needs Node 20 (' +
    [OLDEST.major, OLDEST.minor, OLDEST.patch].join('.') +
    ' or a later 20.x); this is Node ' +
    version +
    '. Install Node 20 (for instance "nvm install 20"), then run the command again.'
  );
}

module.exports = { nodeVersionProblem: nodeVersionProblem };
