import {HASH_BYTES} from './merkle-hash';
import {hashesAt, hashIn, subtreeIn, TILE_WIDTH, type TileId, type TileSpan, widthOf} from './tile';
import {MissingTileError, type ReadTiles, rootFromTiles} from './tree-reader';

/** Proved tiles that are kept; a tile has 8 KiB at most. */
const KEPT = 1_024;

/** A tree that is to be proved by its tiles. */
export interface ProvableTree {
  size: number;
  /** Undefined where nothing vouches for it: then tiles are held against each other alone. */
  root: Buffer | undefined;
}

/**
 * The tiles of a tree (C2SP tlog-tiles), each held against the root before it is used. A tile that is not what the
 * tree must have is made anew from the tiles below it; where that cannot be, it is not given.
 */
export class ProvedTiles {
  /** Whether the tiles make the root. */
  isAnchored = false;
  private readonly proved = new Map<string, Buffer | undefined>();
  /** Tiles that were made anew, or that somebody has vouched for. */
  private readonly mended = new Map<string, Buffer>();
  /** The last tiles of the levels as they were read first: what made the root is what entries are held against. */
  private readonly edge = new Map<string, Buffer>();
  private readonly told = new Set<string>();

  /** @param onDamage is told of each tile that was not what it must be */
  private constructor(
    readonly tree: ProvableTree,
    private readonly source: ReadTiles,
    private readonly onDamage: (tile: TileSpan) => void,
  ) {}

  static async open(
    tree: ProvableTree,
    source: ReadTiles,
    onDamage: (tile: TileSpan) => void,
  ): Promise<ProvedTiles> {
    const tiles = new ProvedTiles(tree, source, onDamage);
    tiles.isAnchored = (await tiles.makeRoot()) || (await tiles.mendEdge());
    return tiles;
  }

  /** A leaf's tile where it is at hand: undefined where it must be waited for, or is not to be had. */
  atHand(tile: number): Buffer | undefined {
    return this.proved.get(`0/${tile}`);
  }

  /** The bytes of a tile at its full width in this tree; undefined where they cannot be had. */
  async tile(id: TileId): Promise<Buffer | undefined> {
    const key = keyOf(id);
    if (this.proved.has(key)) return this.proved.get(key);
    const bytes = (await this.intact(id)) ?? (await this.madeAnew(id));
    this.keep(key, bytes);
    return bytes;
  }

  /** Tiles for proofs within this tree. */
  readonly read: ReadTiles = async spans => {
    const bytes: Buffer[] = [];
    for (const span of spans) bytes.push((await this.tile(span)) ?? Buffer.alloc(0));
    return bytes;
  };

  /** The root of the first `size` leaves; undefined where tiles for it cannot be had. */
  async rootAt(size: number): Promise<Buffer | undefined> {
    if (size > this.tree.size) return undefined;
    return orMissing(() => rootFromTiles(size, this.read));
  }

  /** Takes the hashes of a tile from elsewhere, if the tree proves them. */
  async offer(id: TileId, bytes: Buffer): Promise<boolean> {
    const span = {...id, width: widthOf(id, this.tree.size)};
    if (bytes.length !== span.width * HASH_BYTES) return false;
    const key = keyOf(id);
    if (span.width === TILE_WIDTH) {
      if (!(await this.isBelowParent(id, bytes))) return false;
    } else {
      const before = this.mended.get(key);
      this.mended.set(key, bytes);
      if (!((await this.makeRoot()) || (await this.mendEdge()))) {
        if (before) this.mended.set(key, before);
        else this.mended.delete(key);
        return false;
      }
      this.isAnchored = true;
      this.proved.clear();
    }
    this.mended.set(key, bytes);
    this.proved.delete(key);
    return true;
  }

  private keep(key: string, bytes: Buffer | undefined): void {
    this.proved.set(key, bytes);
    for (const oldest of this.proved.keys()) {
      if (this.proved.size <= KEPT) break;
      this.proved.delete(oldest);
    }
  }

  /** A tile as it stands, where it is what the tree has. */
  private async intact(id: TileId): Promise<Buffer | undefined> {
    const width = widthOf(id, this.tree.size);
    const bytes = await this.raw(id);
    if (bytes.length !== width * HASH_BYTES || width === 0) return undefined;
    if (width === TILE_WIDTH) return (await this.isBelowParent(id, bytes)) ? bytes : undefined;
    // The last tile of a level is a part of the root. Where that is none, entries must vouch for those of level 0.
    return this.isAnchored || id.level > 0 ? bytes : undefined;
  }

  /** Whether a full tile is the one whose root its parent holds. */
  private async isBelowParent({level, index}: TileId, bytes: Buffer): Promise<boolean> {
    const parent = await this.tile({level: level + 1, index: Math.floor(index / TILE_WIDTH)});
    if (!parent) return false;
    return hashIn(parent, index % TILE_WIDTH).equals(subtreeIn(bytes, 0, TILE_WIDTH));
  }

  /** Tells of a damaged tile, and makes it from those below it. */
  private async madeAnew(id: TileId): Promise<Buffer | undefined> {
    const span = {...id, width: widthOf(id, this.tree.size)};
    if (span.width === 0) return undefined;
    this.tell(span);
    const bytes = id.level > 0 ? await this.fromBelow(id) : undefined;
    if (!bytes || !(await this.offer(id, bytes))) return undefined;
    return bytes;
  }

  private async fromBelow({level, index}: TileId): Promise<Buffer | undefined> {
    const hashes: Buffer[] = [];
    for (let i = 0; i < widthOf({level, index}, this.tree.size); i++) {
      const child = await this.raw({level: level - 1, index: index * TILE_WIDTH + i});
      if (child.length !== TILE_WIDTH * HASH_BYTES) return undefined;
      hashes.push(subtreeIn(child, 0, TILE_WIDTH));
    }
    return Buffer.concat(hashes);
  }

  /** Whether the last tiles of the levels make the root. */
  private async makeRoot(): Promise<boolean> {
    const {size, root} = this.tree;
    const made = await orMissing(() =>
      rootFromTiles(size, async spans => {
        const bytes: Buffer[] = [];
        for (const span of spans) bytes.push(await this.raw(span));
        return bytes;
      }),
    );
    return made !== undefined && (root === undefined || made.equals(root));
  }

  /** Makes the last tiles of the levels anew, from below; they stay as they were where that makes no root either. */
  private async mendEdge(): Promise<boolean> {
    const before = new Map(this.mended);
    const changed: TileSpan[] = [];
    for (let level = 1; hashesAt(level, this.tree.size) > 0; level++) {
      const last = {level, index: Math.floor((hashesAt(level, this.tree.size) - 1) / TILE_WIDTH)};
      const [bytes, stands] = [await this.fromBelow(last), await this.raw(last)];
      if (!bytes || bytes.equals(stands)) continue;
      this.mended.set(keyOf(last), bytes);
      changed.push({...last, width: widthOf(last, this.tree.size)});
    }
    if (changed.length > 0 && (await this.makeRoot())) {
      for (const tile of changed) this.tell(tile);
      return true;
    }
    this.mended.clear();
    for (const [key, bytes] of before) this.mended.set(key, bytes);
    return false;
  }

  private tell(tile: TileSpan): void {
    const key = keyOf(tile);
    if (!this.told.has(key)) this.onDamage(tile);
    this.told.add(key);
  }

  private async raw(id: TileId): Promise<Buffer> {
    const span = {...id, width: widthOf(id, this.tree.size)};
    const mended = this.mended.get(keyOf(id));
    if (mended) return mended;
    const pinned = this.edge.get(keyOf(id));
    if (pinned) return pinned;
    const [bytes = Buffer.alloc(0)] = await this.source([span]);
    const hashes = bytes.subarray(0, span.width * HASH_BYTES);
    if (span.width < TILE_WIDTH) this.edge.set(keyOf(id), hashes);
    return hashes;
  }
}

const keyOf = ({level, index}: TileId): string => `${level}/${index}`;

async function orMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MissingTileError) return undefined;
    throw error;
  }
}
