'use strict';
// mocha's own `spec` reporter, which also appends the totals and the failures to the file named by
// AGENT_QUOTA_TEST_TOTALS, so that test/runAll.ts can add up what every suite ran and say at the end what failed.
const { appendFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

module.exports = class TotalsReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const file = process.env.AGENT_QUOTA_TEST_TOTALS;
    if (file === undefined) return;
    const failed = [];
    runner.on(Runner.constants.EVENT_TEST_FAIL, (test, error) => {
      failed.push(`${test.fullTitle()}\n${error?.stack ?? error}`);
    });
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const totals = { passed: passes, failed: failures, pending, failures: failed };
      appendFileSync(file, JSON.stringify(totals) + '\n');
    });
  }
};
