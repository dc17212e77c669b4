#!/usr/bin/env node
// The command line as it was built. It stands here, unbuilt, so that npm can link to it before there is anything to run.
try {
  await import('../dist/command-line/main.js');
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).includes('command-line/main.js'))
    throw error;
  console.error('client-control is not built yet: npm run build:client');
  process.exitCode = 2;
}
