import { describe, expect, it } from '@jest/globals';
import { readCommandLine, type Command } from './command-line.js';

describe('readCommandLine', () => {
  it.each<[string, Command]>([
    ['', { name: 'start' }],
    ['--help', { name: 'help' }],
    ['-h', { name: 'help' }],
    ['--version', { name: 'version' }],
    ['check-config', { name: 'check-config', file: undefined }],
    ['check-config a.yaml', { name: 'check-config', file: 'a.yaml' }],
    ['--check-config a.yaml', { name: 'check-config', file: 'a.yaml' }],
    ['doctor', { name: 'doctor', file: undefined }],
    ['doctor a.yaml', { name: 'doctor', file: 'a.yaml' }],
    ['--port', { name: 'unknown', argument: '--port' }],
    ['config.yaml', { name: 'unknown', argument: 'config.yaml' }],
    ['check-config a b', { name: 'unknown', argument: 'b' }],
    ['check-config --all', { name: 'unknown', argument: '--all' }],
  ])('reads "%s"', (line, command) => {
    expect(readCommandLine(line === '' ? [] : line.split(' '))).toEqual(command);
  });
});
