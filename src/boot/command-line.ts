/** What a command line asks for. */
export type Command =
  | { readonly name: 'start' }
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'check-config' | 'doctor'; readonly file: string | undefined }
  | { readonly name: 'unknown'; readonly argument: string };

export const USAGE = `Usage: node dist/main.js [command]

Without a command it starts the service: on the configuration file that CONFIG_FILE names, else on ./config.yaml, else, when
there is none, on an embedded broker with simulated devices, for trying it out.

Commands:
  check-config [FILE]   says what is wrong with a configuration file, as a start would; starts nothing
  doctor [FILE]         the same, then tries every broker: name, TCP, TLS, login, rights, features, and what to do
  --help                this text
  --version             the version

FILE: CONFIG_FILE or ./config.yaml where it is not given.
Exit status: 0 well; 1 the configuration is not valid, the service could not start, or a broker is not well; 2 wrong usage.
Environment: CONFIG_FILE; HOST, PORT and LOG_LEVEL win over the file; what the file itself names as \${NAME}.
Signals: SIGTERM and SIGINT drain and stop it, SIGHUP reads the configuration again.
`;

/** Reads the arguments behind the program's name. */
export function readCommandLine([first, ...rest]: readonly string[]): Command {
  const [file, tooMuch] = rest;
  switch (first) {
    case undefined:
      return { name: 'start' };
    case '--help':
    case '-h':
    case 'help':
      return { name: 'help' };
    case '--version':
      return file === undefined ? { name: 'version' } : { name: 'unknown', argument: file };
    case 'check-config':
    case '--check-config':
    case 'doctor':
      if (tooMuch !== undefined || file?.startsWith('-') === true)
        return { name: 'unknown', argument: tooMuch ?? file ?? '' };
      return { name: first === 'doctor' ? 'doctor' : 'check-config', file };
    default:
      return { name: 'unknown', argument: first };
  }
}
