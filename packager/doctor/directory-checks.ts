import type { Check } from '../check.ts';
import { checksOn, problem, warning } from '../check.ts';
import { formatSize } from '../size.ts';
import type { DirectoryAnswers } from './answers.ts';
import { conditionalWrites, judgeStore } from './store-checks.ts';

const check = checksOn<DirectoryAnswers>();

/** Bytes: a large archive, and the draft of it beside. */
const LOW_SPACE = 1024 ** 3;

/** Of a domain in a directory. What only S3 has is not asked here. */
export const DIRECTORY_CHECKS: readonly Check<DirectoryAnswers>[] = [
  check({
    id: 'directory',
    asks: 'nothing keeps the directory from being read and written',
    needs: ['access'],
    judge: ({ access }) =>
      access.map(({ message, remedy }) =>
        problem(message, remedy ?? 'Name another directory with --domain file:DIRECTORY.'),
      ),
  }),
  check({
    id: 'descriptor',
    asks: 'the directory says that it is a domain, in a format that is understood',
    needs: ['folder', 'descriptor'],
    judge: ({ folder, descriptor }) => {
      if (descriptor.is === 'right') return [];
      if (descriptor.is === 'other')
        return [problem(descriptor.message, descriptor.remedy ?? 'Name the right directory with --domain.')];
      return [
        problem(
          `there is no domain in the directory '${folder}'`,
          "Name the right one with --domain; the first 'cfn-artifacts package' or 'publish' makes one.",
        ),
      ];
    },
  }),
  check({
    id: 'whole',
    asks: 'nothing in the directory was lost or replaced by a link',
    needs: ['whole'],
    judge: ({ whole }) => judgeStore(whole, 'Put the directory back from a backup that is whole.'),
  }),
  conditionalWrites('Use a directory on another file system.'),
  check({
    id: 'space',
    asks: 'there is space left on the disk',
    needs: ['folder', 'space'],
    judge: ({ folder, space }) =>
      space >= LOW_SPACE
        ? []
        : [
            warning(
              `only ${formatSize(space)} are free on the disk of '${folder}'`,
              'Make room, or move the whole directory to another disk.',
            ),
          ],
  }),
  check({
    id: 'leftovers',
    asks: 'no unfinished drafts lie around',
    needs: ['folder', 'leftovers'],
    judge: ({ folder, leftovers }) => {
      if (leftovers.length === 0) return [];
      const drafts = leftovers.length === 1 ? '1 draft' : `${leftovers.length} drafts`;
      return [
        warning(
          `${drafts} in '${folder}' ${leftovers.length === 1 ? 'was' : 'were'} not touched for a day: whoever wrote is gone`,
          'The next command that writes there removes what nobody writes any more; the rest may be deleted by hand from @drafts.',
        ),
      ];
    },
  }),
];
