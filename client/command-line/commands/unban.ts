import type { Command } from 'commander';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { ServiceOptions } from '../service/session.js';
import { withBanKey, writeBanned, type BanKey } from './ban.js';

/** `unban`: lifts a ban. */
export function addUnbanCommand(program: Command): void {
  const command = program.command('unban').argument('<who>', 'as the ban says it').summary('lift a ban');
  withBanKey(withServiceOptions(command)).action((who: string, options: ServiceOptions & BanKey) =>
    runOnService(options, { acts: true }, async (session) => {
      const { projectId, brokerId } = await session.target();
      const query = { as: options.as, who };
      if (brokerId !== undefined) {
        const path = { projectId, brokerId };
        await session.acting((signal) => session.client.deleteBan({ path, query, signal }));
        return writeBanned(session, [{ broker: brokerId, status: 204 }]);
      }
      const path = { projectId };
      const { data } = await session.acting((signal) =>
        session.client.deleteBanOnProject({ path, query, signal }),
      );
      // Where it was not, it is not.
      const isLifted = data.brokers.some(({ error }) => error === undefined);
      const brokers = data.brokers.filter(({ error }) => !isLifted || error?.code !== 'BAN_NOT_FOUND');
      return writeBanned(session, brokers);
    }),
  );
}
