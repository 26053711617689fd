import Filters
import MemoryModel
internal import TensorModel
import Testing

@testable internal import Containers

@Suite struct HDF5WritingTests {
  // MARK: Keys

  @Test(arguments: [
    "name", "group@name", "a/b c@x", "@a@b", "a%40b@x", "a%25b@x", "größe@ü", "a@b@c", "a@", "e\u{301}@e\u{301}",
  ])
  func aKeyIsThatOfTheAttributeThatItNames(key: String) throws {
    let (path, attribute) = try #require(HDF5Key.parse(key))
    #expect(HDF5Key.of(attribute, path: path).utf8.elementsEqual(key.utf8))
  }

  @Test(arguments: ["a%b@x", "a%41b@x", "a%2@x", "%@x", "@x", "a%4@0@x"])
  func noAttributeHasAKeyThatIsWrittenOtherwise(key: String) {
    #expect(HDF5Key.parse(key) == nil)
  }

  // MARK: Trees

  /// Every child lies under keys between which it belongs, on every level, and siblings know each other.
  @Test(arguments: [0, 1, 31, 32, 33, 1023, 1024, 1025, 40_000])
  func aTreeLeadsToEveryChild(count: Int) throws {
    let start = 4096
    let children = (0..<count).map { UInt64(1_000_000 + 8 * $0) }
    var keys = ByteWriter()
    for key in 0...count { keys.integer(UInt64(key)) }
    let (bytes, root) = HDF5TreeText.groups.bytes(children, keys: keys.bytes, at: start)
    #expect(bytes.count == HDF5TreeText.groups.byteCount(count))
    func number(_ place: Int, _ size: Int = 8) -> UInt64 {
      (0..<size).reversed().reduce(0) { $0 << 8 | UInt64(bytes[place - start + $1]) }
    }
    var found: [UInt64] = []
    func visit(_ node: Int, level: UInt64?, _ range: ClosedRange<UInt64>) {
      #expect(bytes[(node - start)..<(node - start + 5)].elementsEqual(Array("TREE".utf8) + [0]))
      let own = number(node + 5, 1)
      if let level { #expect(own == level) }
      let used = Int(number(node + 6, 2))
      #expect(used <= 32 && (used > 0 || count == 0))
      #expect(number(node + 24) == range.lowerBound && number(node + 24 + 16 * used) == range.upperBound)
      for child in 0..<used {
        let (low, high) = (number(node + 24 + 16 * child), number(node + 40 + 16 * child))
        let address = number(node + 32 + 16 * child)
        if own == 0 { found.append(address) } else { visit(Int(address), level: own - 1, low...high) }
      }
    }
    visit(root, level: nil, 0...UInt64(count))
    #expect(found == children)
  }

  // MARK: Chunks

  @Test(arguments: [
    [300], [1 << 20], [300_001], [3, 1 << 19], [1, 1, 1 << 20], [4099, 300], [7, 5, 3, 4001], [2, 1 << 18, 3],
    [1 << 20, 1],
  ])
  func chunksCoverATensorOnceInOrder(shape: [Int]) throws {
    let info = try TensorInfo(name: "x", dtype: .f32, shape: shape)
    let chunks = try #require(HDF5OutputChunks(info, HDF5Compression(.gzip)!))
    var end = 0
    for chunk in 0..<chunks.count {
      let range = chunks.bytes(ofChunk: chunk)
      #expect(range.lowerBound == end && !range.isEmpty && range.count <= chunks.chunkBytes)
      end = range.upperBound
    }
    #expect(end == info.byteCount && chunks.chunkBytes <= 1 << 20)
    // What is filled up is less than a step of the dimension that is cut for each chunk.
    #expect(chunks.count * chunks.chunkBytes < 2 * info.byteCount)
  }

  @Test func whatIsTinyHasNoChunks() throws {
    for shape in [[], [0], [255], [0, 4096]] {
      let info = try TensorInfo(name: "x", dtype: .f32, shape: shape)
      #expect(HDF5OutputChunks(info, HDF5Compression(.zstd)!) == nil)
    }
  }

  @Test func levelsAreThoseOfTheCodec() {
    #expect(HDF5Compression(.gzip)?.level == 4 && HDF5Compression(.zstd)?.level == 1)
    for (codec, level) in [(HDF5Compression.Codec.gzip, 0), (.gzip, 10), (.zstd, 0), (.zstd, 23)] {
      #expect(HDF5Compression(codec, level: level) == nil)
    }
  }

  // MARK: Metadata

  /// What attributes hold, and what only the list does.
  @Test func everyListComesBack() throws {
    var random = SeededRandom("lists of metadata")
    for _ in 0..<50 {
      let list = random.metadata(count: 12)
      var tree = try HDF5OutputTree(names: ["a", "b/c"])
      #expect(try HDF5OutputMetadata.place(list, in: &tree) == list)
      #expect(try HDF5OutputMetadata.joined(HDF5OutputMetadata.attributes(of: tree)) == list)
    }
  }

  /// Messages of headers are counted in 16 bits.
  @Test func whatIsTooLargeForAMessageIsInTheListAlone() throws {
    let long = String(repeating: "ü", count: 40_000)
    let numbers = MetadataArray.Elements.numbers(.u8, [UInt8](repeating: 7, count: 59_000))
    let list = [
      MetadataEntry(key: long, value: "x"), MetadataEntry(key: "a@" + long, value: "y"),
      MetadataEntry(key: String(repeating: "k", count: 1_024), value: .array(try MetadataArray(numbers))),
      MetadataEntry(
        key: "n", value: .array(try MetadataArray(shape: [Int](repeating: 1, count: 32), .numbers(.u8, [1])))),
      MetadataEntry(key: "text", value: .string([UInt8](repeating: 65, count: 1 << 20))),
    ]
    let info = try TensorInfo(name: "a", dtype: .f32, shape: [2])
    var order: [Int] = []
    let outline = try HDF5Outline([info], list, order: &order)
    #expect(outline.metadata == list && order == [0])
    #expect(outline.header(nil).bytes.count > 1 << 20)
  }

  @Test func aListThatAttributesGiveBackStandsNowhereElse() throws {
    let list = [
      MetadataEntry(key: "x", value: "1"), MetadataEntry(key: "a@y", value: "2"),
      MetadataEntry(key: "b@z", value: "3"),
    ]
    var tree = try HDF5OutputTree(names: ["a"])
    _ = try HDF5OutputMetadata.place(list, in: &tree)
    #expect(HDF5OutputMetadata.attributes(of: tree) == list)
    tree = try HDF5OutputTree(names: ["a"])
    _ = try HDF5OutputMetadata.place(list.reversed(), in: &tree)
    #expect(HDF5OutputMetadata.attributes(of: tree).map(\.key) == ["tare.metadata", "x", "a@y", "b@z"])
  }

  @Test func anAttributeThatIsNoCopyIsMalformed() throws {
    let list = [MetadataEntry(key: "x", value: "1")]
    let text = MetadataEntry(key: "tare.metadata", value: .string(MetadataText.write(list)))
    let other = MetadataEntry(key: "y", value: "2")
    #expect(try HDF5OutputMetadata.joined([text, list[0], other]) == list + [other])
    let texts = [MetadataValue.number(MetadataNumber(UInt8(1))), MetadataValue("["), MetadataValue("{}")]
    let wrong =
      texts.map { [MetadataEntry(key: "tare.metadata", value: $0)] } + [[text, MetadataEntry(key: "x", value: "2")]]
    for attributes in wrong {
      do throws(ModelError) {
        _ = try HDF5OutputMetadata.joined(attributes)
        Issue.record("\(attributes)")
      } catch {
        #expect(error.code == .malformed)
      }
    }
  }
}
