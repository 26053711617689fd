import MemoryModel
import TensorModel
import Testing

@testable import Conversion

@Suite struct ShardPlanTests {
  /// Tensors of so many bytes each.
  private static func catalog(_ sizes: [Int], files: [String] = ["m"], of file: (Int) -> Int = { _ in 0 }) -> Catalog {
    let tensors = sizes.enumerated().map {
      MemoryModel.Tensor("t\($0)", .u8, [$1], [UInt8](repeating: 0, count: $1), file: file($0))
    }
    return MemoryModel(tensors, files: files, metadata: [MetadataEntry(key: "format", value: "pt")]).catalog
  }

  @Test(arguments: [
    ([6, 6, 2, 6, 2, 2], [[0], [1, 2], [3, 4, 5]]), ([], [[]]), ([0, 0], [[0, 1]]), ([10, 10], [[0], [1]]),
    // A tensor that is too large goes in front of the shard that is open, which goes on behind it.
    ([3, 11, 4, 11, 4], [[1], [3], [0, 2], [4]]), ([11], [[0]]), ([5, 5, 0, 1], [[0, 1, 2], [3]]),
  ])
  func shardsAreCutGreedily(sizes: [Int], shards: [[Int]]) {
    #expect(ShardPlan(Self.catalog(sizes), byteCount: 10).shards.map(\.tensors) == shards)
  }

  @Test func filesStayAsTheyAreCutAndEmptyOnesGo() {
    let plan = ShardPlan(Self.catalog([1, 2, 3], files: ["a", "b", "c"]) { [0, 2, 0][$0] })
    #expect(plan.shards.map(\.tensors) == [[0, 2], [1]])
    #expect(plan.shards.allSatisfy { $0.metadata.map(\.key) == ["format"] })
    #expect(
      plan.names(stem: "m", suffix: ".safetensors") == ["m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"])
    #expect(ShardPlan(Self.catalog([1])).names(stem: "m", suffix: ".safetensors") == ["m.safetensors"])
  }

  @Test func indexIsThatOfTheHub() {
    let catalog = Self.catalog([6, 6])
    let names = ShardPlan(catalog, byteCount: 10).names(stem: "model", suffix: ".safetensors")
    let text = String(decoding: ShardPlan.index(catalog, [(names[0], [0]), (names[1], [1])]), as: UTF8.self)
    #expect(
      text == """
        {
          "metadata": {
            "total_size": 12
          },
          "weight_map": {
            "t0": "model-00001-of-00002.safetensors",
            "t1": "model-00002-of-00002.safetensors"
          }
        }
        """)
  }

  @Test(arguments: [
    (["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"], "model"),
    (["diffusion.fp16-00001-of-00001.safetensors"], "diffusion.fp16"), (["adapter.safetensors"], "adapter"),
    (["a.safetensors", "b.safetensors"], "model"), (["weights"], "model"), ([".safetensors"], "model"),
  ])
  func stemIsWhatTheNamesHaveInCommon(names: [String], stem: String) {
    #expect(ShardPlan.stem(of: Self.catalog([], files: names)) == stem)
  }
}
