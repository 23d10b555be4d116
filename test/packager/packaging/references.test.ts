import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Artifacts } from '../../../packager/packaging/artifact.ts';
import { planReferences } from '../../../packager/packaging/references.ts';
import type { ReferenceMode, ReferencePlan } from '../../../packager/packaging/references.ts';
import type { LoadedPlace, LocalSource, Unit } from '../../../packager/packaging/unit.ts';
import { findPlaces } from '../../../packager/template/find/find.ts';
import { resourceNames } from '../../../packager/template/find/resource-names.ts';
import { propertyTable } from '../../../packager/template/properties/table.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import { ArtifactError } from '../../../repository/error.ts';

/** A resource, or a loop of resources, that takes code from folders. */
interface Drawn {
  readonly condition?: string;
  readonly lasting: boolean;
  /** One: a function. Several: a loop over functions. */
  readonly folders: readonly string[];
}

const FOLDERS = ['a', 'b', 'c', 'd'] as const;

const drawn: fc.Arbitrary<Drawn> = fc.record(
  {
    condition: fc.constantFrom('Blue', 'Green'),
    lasting: fc.boolean(),
    folders: fc.oneof(
      fc.constantFrom(...FOLDERS).map((folder) => [folder]),
      fc.uniqueArray(fc.constantFrom(...FOLDERS), { minLength: 2 }),
    ),
  },
  { requiredKeys: ['lasting', 'folders'] },
);

function resourceOf({ condition, lasting, folders }: Drawn, index: number): string {
  const [only = ''] = folders;
  const isLoop = folders.length > 1;
  const properties = {
    Type: 'AWS::Lambda::Function',
    ...(condition !== undefined && { Condition: condition }),
    Properties: {
      Code: lasting
        ? { S3Key: isLoop ? './${X}' : `./${only}`, S3ObjectStorageMode: 'REFERENCE' }
        : isLoop
          ? './${X}'
          : `./${only}`,
    },
  };
  // Resources of loops that read alike.
  return isLoop
    ? JSON.stringify({ [`Fn::ForEach::L${index}`]: ['X', folders, { ['R${X}']: properties }] }).slice(1, -1)
    : JSON.stringify({ [`R${index}`]: properties }).slice(1, -1);
}

function unitOf(resources: readonly Drawn[], extra = ''): Unit {
  const text = `{"Resources": {${[...resources.map(resourceOf), extra].filter(Boolean).join(', ')}}}`;
  const template = parseTemplate(text, 'template.json', { kind: 'template' });
  const { places, problems } = findPlaces(template, {
    table: propertyTable(),
    kind: 'template',
    parameters: new Map(),
    exists: () => 'folder',
    zipTemplateDirWhenAbsent: false,
    detached: false,
    defaultsAreFinal: false,
    hasDomain: true,
  });
  expect(problems).toEqual([]);
  const loaded = places.map((place): LoadedPlace => ({
    place,
    contents: place.targets.map(({ target }) => folder(target.kind === 'path' ? target.path : '')),
  }));
  return {
    ...{
      type: 'unit',
      identity: '',
      isVariant: false,
      asked: new Set(),
      values: new Map(),
      path: '/template.json',
      location: 'template.json',
    },
    ...{ kind: 'template', detached: false, template, places: loaded, left: [] },
    names: resourceNames(template, 'template', new Map()),
  };
}

function folder(path: string): LocalSource {
  const location = path.replace(/^\.\//, '');
  const source = {
    ...({ kind: 'archive', isFolder: true, path, files: 1, bytes: 1, warnings: [], filename: 'archive.zip' } as const),
    open: () => Promise.reject(new Error('nothing is opened to plan')),
  };
  return { type: 'source', identity: location, path, location, source };
}

function planOf(unit: Unit, mode: ReferenceMode): ReferencePlan {
  return planReferences(unit, mode, 'shop', new Artifacts(unit, 'shop', new Map()));
}

/** Logical IDs with the artifacts behind each. */
function recorded({ references }: ReferencePlan): Record<string, readonly string[]> {
  return Object.fromEntries(references.map(({ logicalId, artifacts }) => [logicalId, artifacts.map(({ id }) => id)]));
}

const modes = fc.constantFrom<ReferenceMode>('stack', 'grouped');
const templates = fc.array(drawn, { minLength: 1, maxLength: 8 });

describe('the references of a template', () => {
  test('record every use, have users all, and are under no condition that a user is not under', () => {
    fc.assert(
      fc.property(templates, modes, (resources, mode) => {
        const unit = unitOf(resources);
        const artifacts = new Artifacts(unit, 'shop', new Map());
        const { references, uses } = planReferences(unit, mode, 'shop', artifacts);
        const byId = new Map(references.map((reference) => [reference.logicalId, reference]));
        expect(byId.size).toBe(references.length);
        const used = new Set<string>();
        for (const loaded of unit.places) {
          const { attributes = [], waits = [] } = uses.get(loaded) ?? {};
          const mine = [...attributes, ...waits].map((id) => byId.get(id));
          for (const id of [...attributes, ...waits]) used.add(id);
          for (const content of loaded.contents) {
            expect(mine.some((one) => one?.artifacts.some((artifact) => artifact === artifacts.of(content)))).toBe(
              true,
            );
          }
          for (const one of mine) {
            expect([undefined, loaded.place.condition]).toContain(one?.condition);
            if (loaded.place.pinned) expect(one?.pinned).toBe(true);
          }
        }
        expect([...used].sort()).toEqual([...byId.keys()].sort());
      }),
      { numRuns: 500 },
    );
  });

  test('do not depend on the order of things', () => {
    fc.assert(
      fc.property(templates, modes, (resources, mode) => {
        const unit = unitOf(resources);
        const turned = { ...unit, places: unit.places.toReversed() };
        expect(recorded(planOf(turned, mode))).toEqual(recorded(planOf(unit, mode)));
      }),
    );
  });

  test('of one resource stay as they are when another comes', () => {
    fc.assert(
      fc.property(templates, drawn, (resources, another) => {
        const before = recorded(planOf(unitOf(resources), 'stack'));
        expect(recorded(planOf(unitOf([...resources, another]), 'stack'))).toMatchObject(before);
      }),
    );
  });

  test('that are grouped are no more than those that are not, and one for forty artifacts', () => {
    fc.assert(
      fc.property(templates, (resources) => {
        const plain = resources.map((one) => ({ ...one, lasting: false }));
        const grouped = planOf(unitOf(plain), 'grouped').references;
        expect(grouped).toHaveLength(1);
      }),
    );
    const many = Array.from({ length: 41 }, (_, index): Drawn => ({ lasting: false, folders: [`f${index}`] }));
    expect(
      planOf(unitOf(many), 'grouped')
        .references.map(({ artifacts }) => artifacts.length)
        .sort(),
    ).toEqual([1, 40]);
  });

  test.each<[string, ReferenceMode, boolean, number, number, number | undefined]>([
    ['that would fit if they were grouped', 'stack', false, 251, 251, 258],
    ['that would not fit either way', 'stack', false, 499, 499, undefined],
    ['that are grouped', 'grouped', false, 499, 13, undefined],
    ['that grouping spares none of, for each has one for as long as it lives', 'stack', true, 251, 251, undefined],
  ])('beyond what CloudFormation takes, %s', (_what, mode, lasting, count, references, grouped) => {
    const unit = unitOf(Array.from({ length: count }, (_, index): Drawn => ({ lasting, folders: [`f${index}`] })));
    let remedy: string | undefined;
    try {
      planOf(unit, mode);
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      ({ remedy } = error);
      expect(error.message).toBe(
        `template.json: the template would have ${count + references} resources, ${references} of them references, and CloudFormation takes 500`,
      );
    }
    expect(remedy).toMatch(/ove resources into a nested stack/);
    expect(/--references grouped.*then there are (?<fewer>\d+)/.exec(remedy ?? '')?.groups?.['fewer']).toBe(
      grouped?.toString(),
    );
  });

  test('take no name that the template has', () => {
    const unit = unitOf([{ lasting: false, folders: ['a'] }], '"AArtifact": {"Type": "AWS::SNS::Topic"}');
    expect(Object.keys(recorded(planOf(unit, 'stack')))).toEqual([expect.stringMatching(/^AArtifact[0-9a-f]{8}$/)]);
  });
});
