import Sequencer from '@jest/test-sequencer';

/** Files that take ten seconds and more: the slowest first, what needs the CPU (a browser, a compiler) beside what waits. Others begin after them. */
const SLOW = [
  'test/broker-plugin/robustness.e2e-spec.ts',
  'test/console/clients.e2e-spec.ts',
  'test/audit/audit-postgres.e2e-spec.ts',
  'test/console/acting.e2e-spec.ts',
  'test/audit/audit-standard-output.e2e-spec.ts',
  'test/console/shell.e2e-spec.ts',
  'test/process/reload.e2e-spec.ts',
  'test/console/pages.e2e-spec.ts',
  'test/faults/replies.fault-spec.ts',
  'test/process/shutdown.e2e-spec.ts',
  'test/faults/broker-process.fault-spec.ts',
  'test/process/shutdown-bulk.e2e-spec.ts',
  'test/broker-plugin/safe-kick.e2e-spec.ts',
  'test/process/start-up.e2e-spec.ts',
  'test/features/control-endpoint/subscribe.e2e-spec.ts',
  'test/features/client-inspect.e2e-spec.ts',
  'test/faults/kept-rules.fault-spec.ts',
  'test/faults/overload.fault-spec.ts',
  'test/faults/hostile-http.fault-spec.ts',
  'test/faults/bulk.fault-spec.ts',
  'test/faults/connection.fault-spec.ts',
  'test/faults/http-fuzz.fault-spec.ts',
  'test/console/sign-in.e2e-spec.ts',
  'test/features/adding-an-operation.e2e-spec.ts',
  'test/features/events/events.e2e-spec.ts',
  'test/process/standard-output.e2e-spec.ts',
  'test/client/command-line/many.e2e-spec.ts',
  'test/broker-plugin/churn.e2e-spec.ts',
  'test/broker-plugin/alpine.e2e-spec.ts',
  'test/http/swagger-ui.e2e-spec.ts',
  'test/gateway/real-brokers.e2e-spec.ts',
  'test/gateway/replicas.e2e-spec.ts',
  'test/features/control-endpoint/bans.e2e-spec.ts',
  'test/features/embedded-broker/standing-subscriptions.e2e-spec.ts',
  'test/features/control-endpoint/standing-subscriptions.e2e-spec.ts',
  'test/process/doctor.e2e-spec.ts',
  'test/deploy/deploy.e2e-spec.ts',
];

/**
 * Begins with what takes longest, so that at the end no worker is left alone with a file of a minute while the others have nothing to do.
 * Jest does that by itself where it has run before; a fresh machine goes by the size of the files.
 */
export default class SlowFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const at = SLOW.findIndex((slow) => path.endsWith(`/${slow}`));
      return at === -1 ? SLOW.length : at;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
