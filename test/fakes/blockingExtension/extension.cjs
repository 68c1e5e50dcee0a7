'use strict';
const vscode = require('vscode');

/** Keeps the extension host's one thread busy, as an extension that computes does. */
function block(milliseconds) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end);
}

exports.activate = (context) => {
  context.subscriptions.push(vscode.commands.registerCommand('blockingExtension.block', block));
};
