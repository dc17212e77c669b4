import type { Command } from 'commander';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UsageError, type ExitCode } from '../exit-code.js';
import { runLocally } from '../service/local-command.js';

/** From `client/dist/command-line/commands/` to where the service is built, in the repository and in the image. */
const MAIN = fileURLToPath(new URL('../../../../dist/main.js', import.meta.url));

/** `check-config` and `doctor`: what the service itself can do, where it is installed beside this. */
export function addInstalledServiceCommands(program: Command): void {
  const commands = {
    'check-config': 'say what is wrong with a configuration file of the service',
    doctor: 'try every broker of a configuration file, and say what to do',
  };
  for (const [name, summary] of Object.entries(commands)) {
    program
      .command(name)
      .summary(summary)
      .argument('[file]', 'the configuration file; else CONFIG_FILE or ./config.yaml')
      .action((file: string | undefined) =>
        runLocally(() => runService([name, ...(file === undefined ? [] : [file])])),
      );
  }
}

async function runService(words: readonly string[]): Promise<ExitCode> {
  if (!existsSync(MAIN)) {
    throw new UsageError(
      `the service is not installed beside this command line. Where it is: node dist/main.js ${words.join(' ')}`,
    );
  }
  const service = spawn(process.execPath, [MAIN, ...words], { stdio: 'inherit' });
  // Ctrl-C reaches it, too; it ends when it has.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => service.kill(signal));
  const [code] = (await once(service, 'close')) as [number | null];
  return (code ?? 1) as ExitCode;
}
