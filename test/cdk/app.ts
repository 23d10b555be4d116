import { readFileSync } from 'node:fs';
import type { IReusableStackSynthesizer } from 'aws-cdk-lib/core';
import { App, Stack } from 'aws-cdk-lib/core';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import { Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ArtifactSynthesizer } from '../../cdk/index.ts';
import { TestProject } from '../support/project.ts';
import type { Files, Outcome } from '../support/project.ts';

/** As in every app, but for compilers that take optional properties exactly: no synthesizer of the CDK is one to them. */
export function synthesizer(...props: ConstructorParameters<typeof ArtifactSynthesizer>): IReusableStackSynthesizer {
  return new ArtifactSynthesizer(...props) as IReusableStackSynthesizer;
}

export function functionOf(scope: Construct, id: string, code: Code): LambdaFunction {
  return new LambdaFunction(scope, id, { runtime: Runtime.NODEJS_22_X, handler: 'index.handler', code });
}

/** A resource that takes any text. */
export function parameterOf(scope: Construct, id: string, value: string): void {
  new CfnParameter(scope, id, { type: 'String', value });
}

type Json = Readonly<Record<string, unknown>>;
type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties: Json }>>;

interface Packaged extends Outcome {
  /** Properties of the one resource of a type. */
  readonly only: (type: string) => Json;
}

/** A project with a CDK app in it, whose stacks are in `cdk.out`. */
export class CdkProject {
  readonly project: TestProject;

  private constructor(project: TestProject) {
    this.project = project;
  }

  static async of(files: Files): Promise<CdkProject> {
    return new CdkProject(await TestProject.of(files));
  }

  /** Absolute: the app runs where the tests do. */
  path(name: string): string {
    return this.project.path(name);
  }

  /** All stacks of an app have our synthesizer. */
  synthesize(build: (app: App) => void): void {
    const app = new App({ outdir: this.path('cdk.out'), defaultStackSynthesizer: synthesizer() });
    build(app);
    app.synth();
  }

  /** An app with one stack. */
  synthesizeStack(id: string, build: (stack: Stack) => void): void {
    this.synthesize((app) => {
      build(new Stack(app, id));
    });
  }

  json(name: string): Json {
    return JSON.parse(readFileSync(this.path(name), 'utf8')) as Json;
  }

  /** @param template below `cdk.out` */
  async package(template: string, ...flags: string[]): Promise<Packaged> {
    const outcome = await this.project.package('-t', `cdk.out/${template}.template.json`, ...flags);
    if (outcome.exitCode !== 0) throw new Error(outcome.stderr);
    const { Resources } = JSON.parse(outcome.text) as { readonly Resources: Resources };
    const only = (type: string): Json => {
      const [one, ...others] = Object.values(Resources).filter(({ Type }) => Type === type);
      if (one === undefined || others.length > 0) throw new Error(`not one ${type}`);
      return one.Properties;
    };
    return { ...outcome, only };
  }

  /** IDs of everything that is stored. */
  async artifacts(): Promise<readonly string[]> {
    const { stdout } = await this.project.run('list', '--json', '--domain', 'file:../domain');
    const { artifacts } = JSON.parse(stdout) as { readonly artifacts: readonly { readonly id: string }[] };
    return artifacts.map(({ id }) => id);
  }

  /** The newest content of an artifact that is one file. */
  async content(id: string): Promise<string> {
    const { stdout } = await this.project.run('get', id, '--domain', 'file:../domain', '-o', '-');
    return stdout;
  }
}
