// SPDX-License-Identifier: GPL-3.0-or-later
/** What the thread of a `CommitPool` runs. */
import { type Commitments, type CommitTask, LocalCommits } from './part-commits.ts';

const commits = new LocalCommits();

export default function commit(task: CommitTask): Promise<Commitments> {
  return commits.commit(task);
}
