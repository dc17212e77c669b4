import { CommanderError } from 'commander';
import { EXIT, UsageError } from './exit-code.js';
import { createProgram } from './program.js';

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.allDone : EXIT.usage;
  else if (error instanceof UsageError) {
    process.stderr.write(`client-control: ${error.message}\n`);
    process.exitCode = EXIT.usage;
  } else throw error;
}
