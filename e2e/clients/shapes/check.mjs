// Says whether messages are what Slack's own types (@slack/types) and Microsoft's own parser of cards (adaptivecards) take.
// stdin: {"slack": [message…], "teams": [message…]}
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const ts = require('typescript');
const { AdaptiveCard, SerializationContext, Versions } = require('adaptivecards');
const { slack, teams } = JSON.parse(readFileSync(0, 'utf8'));
const wrong = [];

// Literals, so that a field that no type has is an error too.
const source = `import type { KnownBlock } from '@slack/types';
export const messages: { text: string; blocks?: KnownBlock[] }[] = ${JSON.stringify(slack, null, 1)};
`;
const name = 'messages.ts';
const options = { strict: true, noEmit: true, skipLibCheck: true, moduleResolution: ts.ModuleResolutionKind.NodeJs, types: [] };
const host = ts.createCompilerHost(options);
const { getSourceFile, fileExists, readFile } = host;
host.getSourceFile = (file, ...more) => (file === name ? ts.createSourceFile(name, source, ...more) : getSourceFile(file, ...more));
host.fileExists = (file) => file === name || fileExists(file);
host.readFile = (file) => (file === name ? source : readFile(file));
for (const found of ts.getPreEmitDiagnostics(ts.createProgram([name], options, host))) {
  wrong.push(`slack: ${ts.flattenDiagnosticMessageText(found.messageText, '\n')}`);
}

for (const { type, attachments } of teams) {
  const [{ contentType, content }] = attachments;
  if (type !== 'message' || contentType !== 'application/vnd.microsoft.card.adaptive') wrong.push('teams: another envelope');
  const context = new SerializationContext(Versions.v1_4);
  const card = new AdaptiveCard();
  card.parse(content, context);
  for (let at = 0; at < context.eventCount; at++) wrong.push(`teams: ${context.getEventAt(at).message}`);
  for (const { message } of card.validateProperties().validationEvents) wrong.push(`teams: ${message}`);
  if (card.getItemCount() !== content.body.length) wrong.push('teams: an element was not taken');
}
console.log(wrong.join('\n'));
process.exit(wrong.length ? 1 : 0);
