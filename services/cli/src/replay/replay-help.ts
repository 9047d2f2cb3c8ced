import { featureList } from '@foldbook/history';
import { STAGE_FEATURES } from './stages.ts';

const features = featureList.map(({ name, words }) => `  ${name.padEnd(17)} ${words}`).join('\n');

export const REPLAY_HELP = `
Usage: foldbook replay FILE... [options]

Plays market data order by order into the books that it describes, as fast as it can be read, and
shows the books at the end; computes features, runs strategies, compares with expected books.

Formats, told from the content, plain or packed as zstd, gzip or zip:
  lobster           LOBSTER message files (of a zip the member whose name has "message"), with the
                    orderbook file in the same zip, or beside it, under the same name
  dbn               Databento market-by-order, DBN 1 to 3
  itch              NASDAQ TotalView-ITCH 5.0
  hyperliquid       a node's order statuses, raw book diffs, fills, L4 snapshots
  bin38             binary order records of 38 bytes
  csv               market-by-order with named columns (order_id, action, side, price, size, ...)
  compact           this project's own (--write-compact)

  --format NAME     one of these, where the content does not tell (default auto)
  --member NAME     which file of a zip; FILE#NAME does the same
  --no-mmap         read the file; else it is mapped where that can be, unless packed or over 1 GiB
  --lenient         count what is faulty, in the file or of the book, and go on behind it
  --unknown RULE    events of orders that were never added: count (and go on), or refuse. Default:
                    refuse where the feed begins with a cleared book or a snapshot, else count
  --no-orderbook    LOBSTER: leave the orderbook file aside, and play the messages alone
  --levels N        keep only the best N levels of a side (default: those of a LOBSTER file's name,
                    else all)
  --check FILE      compare every row: LOBSTER's orderbook file, or ten levels of Databento (mbp-10)
                    as CSV. Without FILE: the member of the same zip. Exit status 1 if any differs
  --book N          levels of each side that are shown of the final books (default 5)
  --instrument NAME show and write this one only
  --features LIST   features to compute after each event, separated by commas (below)
  --depth N         best levels that depth-imbalance adds up (default 1)
  --strategy FILE   run this strategy (defineStrategy) in a thread of its own; may be repeated
  --backtest        put the orders of the strategy into the feed, through the matching engine:
                    fills by what really traded, queue position, profit from its own order log;
                    "foldbook strategy" runs the same file on a node
  --latency D,O,J   of news, of orders, and of chance on top of each, as 50us,100us,5us (default 0)
  --seed N          of that chance (default 1)
  --fees M,T        parts per million of a maker's and a taker's fill, as -10,50 (default 0)
  --funds BASE:QUOTE
                    of each instrument, as decimals: what may be sold, and what may be paid, as
                    0:50000.50 (default: as much as it takes)
  --orders FILE     write the order log of the backtest, a line of JSON an entry
  --engine          also play the feed through the matching engine, and explain what differs
  --parquet FILE    write a row for each event: the event, what the book showed then, features
  --svg FILE        draw prices, spread, volume and features of the busiest instrument, or of
                    --instrument
  --write-compact FILE, --write-bin38 FILE
                    write the events in that format
  --follow          Hyperliquid: go on as the file grows, and over to the next hour's, until Ctrl-C
  --speed X         as slowly as it was (1), or X times as fast; else as fast as possible
  --parallel        each file in a thread on a core of its own, with books of its own
  --parallel N      the instruments of each feed in N shares, each in a thread on a core of its own:
                    all read the files, and each keeps the books of its share; strategies run
                    once for each, and see that share only
  --repeat N        play the same files N times, with empty books each time: for timing
  --stages          measure each step, on one core: reading, decoding, book, features (default
                    ${STAGE_FEATURES.slice(0, 4).join(', ')},
                    ${STAGE_FEATURES.slice(4).join(', ')}), strategies
  --json            {"events","eventsPerSec","finalBook","checked","mismatches",...} a feed;
                    what strategies print goes to stderr then

Several files of one kind are one feed, read in the order given: the book goes on from one to the
next, and a snapshot at a file's beginning replaces it. LOBSTER files of other instruments or days,
days of ITCH, other kinds of Hyperliquid's files, and compact files are feeds of their own, one
after another.

LOBSTER's messages leave out what happens beyond its levels. The orderbook file shows the levels
that come into sight, so that the book is the true one after every message; without it, levels that
an order crosses have left unseen and are forgotten, and others stay though they have gone.
seconds is by the clock; cpuSeconds is of the thread that keeps the books.

Features, NAME or NAME:TIME (us, ms, s, m) where that is said; NaN where nothing can be computed:
${features}

Exit status: 1 for a mismatch, a fault in the input, or a file for results that cannot be written to
its end, after what was read up to there was shown; 2 where a file cannot be read, or made, at all;
130 after Ctrl-C.

Example: foldbook replay GOOG.zip --check
Example: foldbook replay esh4-20231224.mbo.dbn.zst esh4-20231225.mbo.dbn.zst --features mid,spread
Example: foldbook replay hourly/20260430/20 --follow --strategy my-strategy.ts`;
