import { CommanderError } from 'commander';
import { EXIT, UsageError } from './exit-code.js';
import { createProgram } from './program.js';

// For the help, whose reader may have gone (`| head`); commands look after their output themselves.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  const isWell = process.exitCode === undefined || process.exitCode === EXIT.allDone;
  if (error.code !== 'EPIPE' && isWell) process.exitCode = EXIT.someFailed;
});

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.allDone : EXIT.usage;
  else if (error instanceof UsageError) {
    process.stderr.write(`client-control: ${error.message}\n`);
    process.exitCode = EXIT.usage;
  } else throw error;
}
