import { readCommandLine, USAGE } from './boot/command-line.js';
import { ProcessSignals } from './boot/process-signals.js';

// Everything else is imported when it is needed, so that signals and arguments are seen to in the first moment.
const command = readCommandLine(process.argv.slice(2));
switch (command.name) {
  case 'start': {
    const signals = new ProcessSignals();
    const { runService } = await import('./boot/run-service.js');
    await runService(signals);
    break;
  }
  case 'check-config': {
    const { runCheckConfig } = await import('./boot/check-config.js');
    process.exitCode = runCheckConfig(command.file);
    break;
  }
  case 'doctor': {
    const { runDoctor } = await import('./boot/doctor/doctor.js');
    process.exitCode = await runDoctor(command.file);
    break;
  }
  case 'help':
    process.stdout.write(USAGE);
    break;
  case 'version': {
    const { packageVersion } = await import('./metrics/process-metrics.js');
    process.stdout.write(`${packageVersion()}\n`);
    break;
  }
  case 'unknown':
    process.stderr.write(`There is no argument "${command.argument}" here.\n\n${USAGE}`);
    process.exitCode = 2;
    break;
}
