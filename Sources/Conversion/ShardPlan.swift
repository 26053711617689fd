import Containers
import TensorModel

/// Which tensors go into which file.
struct ShardPlan {
  struct Shard {
    var tensors: [Int]
    var metadata: [MetadataEntry]
  }

  /// At least one; none without tensors unless it is the only one.
  let shards: [Shard]

  /// Walks through the tensors in order and begins a shard where the one before would exceed `byteCount`; a tensor that
  /// exceeds it alone gets a shard of its own, and the shard before it goes on behind it. So huggingface_hub cuts.
  ///
  /// Every shard carries the metadata of all files.
  init(_ catalog: Catalog, byteCount: Int) {
    var groups: [[Int]] = []
    var open: [Int] = []
    var openBytes = 0
    for (number, tensor) in catalog.tensors.enumerated() {
      let size = tensor.info.byteCount
      if size > byteCount {
        groups.append([number])
        continue
      }
      if size > byteCount - openBytes {
        groups.append(open)
        (open, openBytes) = ([], 0)
      }
      open.append(number)
      openBytes += size
    }
    if !open.isEmpty || groups.isEmpty { groups.append(open) }
    let metadata = catalog.metadata
    shards = groups.map { Shard(tensors: $0, metadata: metadata) }
  }

  /// One file with all tensors, and the metadata of all files.
  init(whole catalog: Catalog) {
    shards = [Shard(tensors: Array(catalog.tensors.indices), metadata: catalog.metadata)]
  }

  /// The files as they are, without those that have lost all their tensors.
  init(_ catalog: Catalog) {
    var shards = catalog.files.map { Shard(tensors: [], metadata: $0.metadata) }
    for (number, tensor) in catalog.tensors.enumerated() { shards[tensor.file].tensors.append(number) }
    let filled = shards.filter { !$0.tensors.isEmpty }
    self.shards = filled.isEmpty ? [Shard(tensors: [], metadata: catalog.metadata)] : filled
  }

  /// The names of the files: `model.safetensors`, or `model-00001-of-00003.safetensors` and so on.
  /// - Parameter suffix: the extension and its dot.
  func names(stem: String, suffix: String) -> [String] {
    guard shards.count > 1 else { return [stem + suffix] }
    let count = Self.padded(shards.count)
    return shards.indices.map { "\(stem)-\(Self.padded($0 + 1))-of-\(count)\(suffix)" }
  }

  private static func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }

  /// The index of shards, as huggingface_hub lays it out.
  /// - Parameter shards: the tensors of each file, in the order of the file, and its name.
  static func index(_ catalog: Catalog, _ shards: [(name: String, tensors: [Int])]) -> [UInt8] {
    var json = JSONText()
    json.object { json in
      json.object("metadata") { json in json.integer("total_size", catalog.byteCount) }
      json.object("weight_map") { json in
        for shard in shards {
          for tensor in shard.tensors { json.string(catalog.tensors[tensor].info.name, shard.name) }
        }
      }
    }
    return Array(json.text.utf8)
  }

  /// What the names of the model's files have in common: what stands before the numbers of shards, or the extension of a
  /// single file; `model` where there is no such thing.
  static func stem(of catalog: Catalog) -> String {
    let names = catalog.files.map(\.path)
    guard let suffix = [CheckpointFiles.suffix, ".gguf"].first(where: { names.first?.hasSuffix($0) == true }) else {
      return "model"
    }
    let prefixes = names.map { ShardName($0, suffix: suffix)?.prefix }
    if let first = prefixes.first, let prefix = first, !prefix.isEmpty, prefixes.allSatisfy({ $0 == prefix }) {
      return prefix
    }
    guard names.count == 1, names[0] != suffix else { return "model" }
    return String(names[0].dropLast(suffix.count))
  }
}
