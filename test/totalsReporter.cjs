'use strict';
// mocha's own `spec` reporter, which also appends the totals to the file named by AGENT_QUOTA_TEST_TOTALS, so that
// test/runAll.ts can add up what every suite ran.
const { appendFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

module.exports = class TotalsReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const file = process.env.AGENT_QUOTA_TEST_TOTALS;
    if (file === undefined) return;
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      appendFileSync(file, JSON.stringify({ passed: passes, failed: failures, pending }) + '\n');
    });
  }
};
