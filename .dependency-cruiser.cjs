/** Who may import whom: the rooms of src/ and their doors. */
const ROOMS =
  'core|control|credentials|ledger|postgres|loopback|gateway|observer|processes|supervisor|told|transcripts|prices|metrics|launcher|outside|shared|shims|vscode|webview';
/** A room and what, besides itself, it may import from src/. */
const doors = [
  ['shared', ''],
  ['core', 'shared'],
  ['ledger', 'core|shared'],
  ['postgres', 'core|shared'],
  ['loopback', 'core|shared'],
  ['gateway', 'core|shared|loopback'],
  ['observer', 'core|shared|loopback'],
  ['control', 'core|shared'],
  ['credentials', 'core|shared'],
  ['processes', 'core|shared'],
  ['supervisor', 'core|shared'],
  ['told', 'core|shared'],
  ['transcripts', 'core|shared'],
  ['prices', 'core|shared'],
  ['metrics', 'core|shared'],
  ['vscode', 'core|shared'],
  ['launcher', 'shared'],
  ['shims', 'shared'],
  ['outside', 'core|shared'],
  ['webview', 'shared'],
];
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^(vscode)$' } },
    ...doors.map(([room, allowed]) => ({
      name: `${room}-imports`,
      comment: `src/${room} may import ${allowed === '' ? 'no other room' : allowed.replaceAll('|', ', ')}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: {
        path: '^src/',
        pathNot: `^src/(${[room, ...allowed.split('|').filter(Boolean)].join('|')})/|^src/contributions\\.ts$`,
      },
    })),
    {
      name: 'core-is-plain-typescript',
      severity: 'error',
      from: { path: '^src/(core|shared)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'vscode-only-in-its-room',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(vscode/|compose|extension\\.ts)' },
      to: { path: '^vscode$' },
    },
    {
      name: 'engine-runs-without-the-window',
      severity: 'error',
      from: { path: '^src/engine\\.ts$' },
      to: { path: '^src/(vscode|launcher|webview)/|^src/(compose|composeShims|extension|contributions)\\.ts$' },
    },
    {
      name: 'rooms-do-not-look-up',
      severity: 'error',
      from: { path: `^src/(${ROOMS})/` },
      to: { path: '^src/(engine|compose|composeShims|extension|uninstall)\\.ts$' },
    },
    { name: 'src-does-not-import-tests', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench)/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json', '.cjs'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
