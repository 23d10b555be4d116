import type { Evidence } from '../../../repository/evidence/evidence.ts';
import { answeredEvidence } from '../answered-evidence.ts';
import type { StackEngine } from '../stack-engine/engine.ts';

/** What is deployed, by the engine's answers, each when its turn has come. */
export function engineEvidence(
  engine: StackEngine,
  place: { readonly account: string; readonly region: string },
  turn: () => Promise<void>,
): Evidence {
  return answeredEvidence(place, {
    cloudFormation: async (action, input) => {
      await turn();
      return engine.ask(action, input);
    },
    lambda: async (action) => {
      await turn();
      return action === 'ListFunctions' ? { Functions: functionsOf(engine) } : {};
    },
  });
}

/**
 * As where Lambda tells the code of none of its functions: what published versions may need is kept until all are gone. The engine reads code only where it
 * can give others their turn, and in here nobody else has one.
 */
function functionsOf(engine: StackEngine): readonly object[] {
  return Object.keys(engine.functions()).map((name) => ({ FunctionArn: name }));
}
