import path from 'node:path';
import { App, NestedStack, Stack } from 'aws-cdk-lib';
import { Code, Function, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda';
import { ArtifactRef, ArtifactSynthesizer } from 'cfn-artifacts/cdk';

const runtime = Runtime.NODEJS_22_X;
const handler = 'index.handler';
const folder = (name) => Code.fromAsset(path.join(import.meta.dirname, name));

class Notes extends NestedStack {
  constructor(scope, id) {
    super(scope, id);
    new Function(this, 'Function', { runtime, handler, code: folder('notes') });
  }
}

class Hello extends Stack {
  constructor(scope, id) {
    super(scope, id);
    const greeting = new LayerVersion(this, 'Greeting', { code: folder('greeting') });
    new Function(this, 'Function', { runtime, handler, code: folder('hello'), layers: [greeting] });

    // Published by others, and followed by its bookmark.
    const report = new ArtifactRef(this, 'ReportCode', { artifact: 'default/tools/report^prod' });
    new Function(this, 'Report', { runtime, handler, code: report.asCode() });

    new Notes(this, 'Notes');
  }
}

const app = new App({ outdir: 'cdk.out', defaultStackSynthesizer: new ArtifactSynthesizer() });
new Hello(app, 'Hello');
app.synth();
