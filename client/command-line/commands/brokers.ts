import type { Command } from 'commander';
import type { BrokerInfo } from '../../src/index.js';
import { time, type Column } from '../output/cell.js';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { Session, ServiceOptions } from '../service/session.js';
import { watch, withWatch, type WatchOptions } from '../work/watch.js';

type ProjectBroker = BrokerInfo & { readonly project: string };

const COLUMNS: readonly Column<ProjectBroker>[] = [
  { title: 'PROJECT', of: ({ project }) => project },
  { title: 'BROKER', of: ({ id }) => id },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'STATE', of: ({ state }) => state },
  { title: 'SINCE', of: ({ since }) => time(since) },
  { title: 'CONTROL', of: ({ features }) => features.clientControl },
  { title: 'INSPECT', of: ({ features }) => features.clientInspect },
  { title: 'EXTENSION', of: ({ features }) => features.extension },
  { title: 'LAST ERROR', of: ({ lastError }) => lastError },
];

/** `brokers`: the brokers, and how they are doing. */
export function addBrokersCommand(program: Command): void {
  const command = program.command('brokers').summary('list the brokers and how they are doing');
  withWatch(withServiceOptions(command)).action((options: ServiceOptions & WatchOptions) =>
    runOnService(options, { acts: false }, (session) => watch(session, options, () => listBrokers(session))),
  );
}

async function listBrokers(session: Session): Promise<undefined> {
  const { client, signal, connection, brokerId } = session;
  const { data: projects } = await client.listProjects({ signal });
  const records = session.records(COLUMNS);
  const wanted = connection.project === undefined ? projects.map(({ id }) => id) : [connection.project];
  for (const projectId of wanted) {
    const { data: brokers } = await client.listBrokers({ path: { projectId }, signal });
    for (const broker of brokers)
      if (brokerId === undefined || broker.id === brokerId)
        await records.add({ project: projectId, ...broker });
  }
  await records.end();
}
