internal import HDF5Protocol
internal import TensorModel
import Testing

@testable internal import Containers

@Suite struct HDF5ProtocolTests {
  private static let number = HDF5Number(byteCount: 4, order: .big, precision: 32, offset: 0)
  private static let fields = HDF5FloatFields(
    sign: 31, exponent: 23, exponentBits: 8, mantissa: 0, mantissaBits: 23, bias: 127, hasImpliedBit: true)

  /// Every kind of type.
  private static let types: [HDF5Datatype] = [
    .integer(number, isSigned: true), .integer(number, isSigned: false), .float(number, fields), .bitfield(number),
    .string(byteCount: 5, .spaces), .string(byteCount: nil, .terminated), .opaque(byteCount: 2, tag: [97]),
    .enumeration(
      .integer(number, isSigned: true), [HDF5EnumerationMember(name: [65], value: [0, 0, 0, 1])]),
    .compound(byteCount: 12, [HDF5CompoundMember(name: [114], offset: 4, type: .float(number, fields))]),
    .array([2, 3], .bitfield(number)), .variableLength(.reference(byteCount: 8)), .reference(byteCount: 12),
    .other(2, byteCount: 4),
  ]

  private static func object(_ layout: HDF5Dataset.Layout) -> HDF5Object {
    HDF5Object(
      path: Array("a/b".utf8), address: 1 << 40,
      kind: .dataset(
        HDF5Dataset(type: types[2], space: .simple([2, 3]), layout: layout, fill: [0, 0, 128, 63])),
      attributes: [
        HDF5Attribute(name: [120], type: types[4], space: .simple([]), value: .bytes([1, 2, 3, 4, 5])),
        HDF5Attribute(name: [121], type: types[5], space: .simple([2]), value: .strings([[], [65, 66]])),
        HDF5Attribute(name: [122], type: types[10], space: .null, value: .unread("why")),
      ])
  }

  private static let layouts: [HDF5Dataset.Layout] = [
    .compact([1, 2, 3]), .contiguous(offset: 512, byteCount: 24), .contiguous(offset: nil, byteCount: 0), .virtual,
    .external([[97], [98]]),
    .chunked(
      HDF5ChunkLayout(
        shape: [1, 2], filters: [HDF5Filter(id: 32015, flags: 1, parameters: [3, .max])], leavesEdges: true)),
    .chunked(HDF5ChunkLayout(shape: [1, 2], filters: [], leavesEdges: false)),
  ]

  private func written(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    write(&writer)
    return writer.bytes
  }

  @Test func typesComeBackAsTheyWere() throws {
    for type in Self.types {
      let bytes = written { type.write(to: &$0) }
      var cursor = ByteCursor(bytes.rawSpan)
      #expect(try HDF5Datatype(&cursor) == type)
      #expect(cursor.remaining == 0)
    }
  }

  @Test func objectsComeBackAsTheyWere() throws {
    for layout in Self.layouts {
      let bytes = written { Self.object(layout).write(to: &$0) }
      var cursor = ByteCursor(bytes.rawSpan)
      let object = try HDF5Object(&cursor)
      #expect(written { object.write(to: &$0) } == bytes)
      #expect(object.path == Array("a/b".utf8) && object.address == 1 << 40 && object.attributes.count == 3)
    }
  }

  /// Every byte is needed, and none can make a reader do more than refuse.
  @Test func whatIsCutOrChangedIsRefusedOrAnotherObject() throws {
    for layout in Self.layouts {
      let bytes = written { Self.object(layout).write(to: &$0) }
      for count in bytes.indices {
        _ = failure {
          var cursor = ByteCursor(bytes.rawSpan.extracting(0..<count))
          _ = try HDF5Object(&cursor)
        }
      }
      for place in bytes.indices {
        for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
          var changed = bytes
          changed[place] = value
          var catalogue = HDF5Catalogue()
          guard (try? catalogue.take(.object, changed)) != nil else { continue }
          // Whatever is said is proved, or refused.
          _ = try? HDF5Header(catalogue, fileByteCount: 1024, userBlockBytes: 0, limits: Limits())
        }
      }
    }
  }

  @Test func typesBeyondAllMeasureAreRefused() throws {
    let huge: [HDF5Datatype] = [
      .array([1 << 20, 1 << 20], .bitfield(Self.number)), .array([0], .bitfield(Self.number)),
      .opaque(byteCount: 0, tag: []), .string(byteCount: 1 << 33, .nuls),
    ]
    for type in huge {
      let bytes = written { type.write(to: &$0) }
      let error = try #require(
        failure {
          var cursor = ByteCursor(bytes.rawSpan)
          _ = try HDF5Datatype(&cursor)
        })
      #expect(error.message == "a type of another size than 1 to 2^32 bytes")
    }
    let deep = (0..<40).reduce(Self.types[0]) { type, _ in .variableLength(type) }
    let bytes = written { deep.write(to: &$0) }
    #expect(
      failure {
        var cursor = ByteCursor(bytes.rawSpan)
        _ = try HDF5Datatype(&cursor)
      }?.message == "types in each other")
  }
}
