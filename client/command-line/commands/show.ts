import type { Command } from 'commander';
import { EXIT } from '../exit-code.js';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { ServiceOptions } from '../service/session.js';
import { locate } from '../work/locate.js';

/** `show`: one client in full. */
export function addShowCommand(program: Command): void {
  const command = program
    .command('show')
    .argument('<clientid>', 'the client id')
    .summary('show a client in full, its subscriptions included');
  withServiceOptions(command).action((clientid: string, options: ServiceOptions) =>
    runOnService(options, { acts: false }, async (session) => {
      const { project, broker } = session.connection;
      const { places, isComplete } =
        broker === undefined
          ? await locate(session, clientid, { projectId: project })
          : { places: [{ projectId: await session.project(), brokerId: broker }], isComplete: true };
      for (const { projectId, brokerId } of places) {
        const path = { projectId, brokerId };
        const { data } = await session.client.getClient({
          path,
          query: { clientid },
          signal: session.signal,
        });
        await session.show({ project: projectId, broker: brokerId, ...data });
      }
      return places.length > 0 && isComplete ? EXIT.allDone : EXIT.someFailed;
    }),
  );
}
