import * as vscode from 'vscode';
import type { ExportFormat } from '../shared/dashboardMessages.ts';
import { type ExportTable, exportText } from './exportTables.ts';

const fileKinds = { csv: 'CSV files', json: 'JSON files' } as const;

/** Asks where to, and saves. @returns the file; undefined when the user gave up. */
export async function saveTable(table: ExportTable, format: ExportFormat): Promise<vscode.Uri | undefined> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const name = `${table.name}.${format}`;
  const target = await vscode.window.showSaveDialog({
    title: 'Export',
    saveLabel: 'Export',
    filters: { [fileKinds[format]]: [format], 'All files': ['*'] },
    ...(folder !== undefined && { defaultUri: vscode.Uri.joinPath(folder.uri, name) }),
  });
  if (target === undefined) return undefined;
  await vscode.workspace.fs.writeFile(target, Buffer.from(exportText(table, format), 'utf8'));
  return target;
}
