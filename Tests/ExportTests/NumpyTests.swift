import ByteStore
import Export
import Foundation
import MemoryModel
import TensorModel
import Testing

@Suite struct NumpyTests {
  @Test func theHeaderFillsWhole64ByteBlocks() {
    for rank in 0...40 {
      let header = NumpyHeader.bytes(descriptor: "<f4", shape: Array(repeating: 12345, count: rank))
      #expect(header.count % 64 == 0 && header.last == 0x0A)
      #expect(header.prefix(8) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0])
      #expect(Int(header[8]) + Int(header[9]) << 8 == header.count - 10)
    }
  }

  @Test func aLongDictionaryTakesVersion2() {
    let header = NumpyHeader.bytes(descriptor: "<f4", shape: Array(repeating: 1_000_000, count: 10_000))
    #expect(header.count % 64 == 0 && header[6] == 2)
    #expect(Int(header[8]) + Int(header[9]) << 8 + Int(header[10]) << 16 == header.count - 12)
  }

  /// Every dtype in every shape through `numpy.load`, against ml_dtypes.
  @Test(
    .enabled(if: NumpyTests.python != nil, "scripts/make-venv makes the Python that this needs"),
    arguments: DType.all)
  func numpyLoadsTheSameNumbers(dtype: DType) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tare-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var random = SeededRandom("numpy \(dtype.name)")
    let last = 4 * dtype.blockElements
    // The long one holds every pattern of a byte, in several chunks and runs.
    let shapes = [[3, 5, last], [last], [0, last], [2, 0, 3], [64, 64 * dtype.blockElements, 8], [9, 1, last]]
    for (number, shape) in (dtype.blockElements == 1 ? shapes + [[]] : shapes).enumerated() {
      let count = try TensorInfo(name: "x", dtype: dtype, shape: shape).byteCount
      let bytes = count > 256 ? (0..<256).map { UInt8($0) } + random.bytes(count - 256) : random.bytes(count)
      let model = MemoryModel([.init("x", dtype, shape, bytes)], chunkBytes: 1000)
      let rows = shape.first.map { RowRange(start: $0 / 3, end: $0 - $0 / 3) }
      for (kind, rows) in [("all", nil), ("rows", rows)] where kind == "all" || rows != nil && dtype.blockElements == 1
      {
        let path = folder.path + "/\(number)-\(kind)"
        let file = try OutputFile(path: path + ".npy")
        let export = try TensorExport(model, tensor: 0, rows: rows, as: .npy)
        let sink = FileSink(file)
        try export.write(to: sink)
        #expect(sink.byteCount == export.byteCount)
        try file.finish()
        try Data(bytes).write(to: URL(filePath: path + ".bytes"))
        let range = rows.map { "\($0.start) \($0.end!)" } ?? "all"
        let facts = "\(dtype.name)\n\(shape.map(String.init).joined(separator: " "))\n\(range)\n"
        try Data(facts.utf8).write(to: URL(filePath: path + ".facts"))
      }
    }
    let process = Process()
    process.executableURL = URL(filePath: try #require(Self.python))
    process.arguments = ["-W", "error", "-c", Self.script, folder.path]
    let output = Pipe()
    process.standardError = output
    try process.run()
    let errors = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(String(decoding: errors, as: UTF8.self))")
  }

  static let python: String? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").path
    let path = ProcessInfo.processInfo.environment["TARE_PYTHON"] ?? root + "/.venv/bin/python3"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  private static let script = """
    import glob, sys
    import ml_dtypes as m
    import numpy as np

    plain = {'BOOL': '?', 'U8': 'u1', 'I8': 'i1', 'U16': 'u2', 'I16': 'i2', 'F16': 'f2', 'U32': 'u4', 'I32': 'i4',
             'F32': 'f4', 'U64': 'u8', 'I64': 'i8', 'F64': 'f8', 'C64': 'c8'}
    wide = {'BF16': m.bfloat16, 'F8_E5M2': m.float8_e5m2, 'F8_E4M3': m.float8_e4m3fn, 'F8_E8M0': m.float8_e8m0fnu,
            'F8_E4M3FNUZ': m.float8_e4m3fnuz, 'F8_E5M2FNUZ': m.float8_e5m2fnuz}
    codes = {'F4': (4, m.float4_e2m1fn), 'F6_E2M3': (6, m.float6_e2m3fn), 'F6_E3M2': (6, m.float6_e3m2fn)}

    paths = glob.glob(sys.argv[1] + '/*.npy')
    assert len(paths) >= 6, paths
    for path in paths:
        dtype, shape, rows = open(path[:-4] + '.facts').read().splitlines()
        shape = tuple(int(n) for n in shape.split())
        stored = np.fromfile(path[:-4] + '.bytes', np.uint8)
        if dtype == 'BOOL':
            want = stored != 0
        elif dtype in plain:
            want = stored.view('<' + plain[dtype])
        elif dtype in wide:
            with np.errstate(all='ignore'):
                want = stored.view(wide[dtype]).astype('<f4')
            if dtype == 'BF16':
                want = (stored.view('<u2').astype('<u4') << 16).view('<f4')
        else:
            width, kind = codes[dtype]
            bits = np.unpackbits(stored, bitorder='little').reshape(-1, width)
            want = np.packbits(bits, axis=1, bitorder='little').reshape(-1).view(kind).astype('<f4')
        want = want.reshape(shape)
        if rows != 'all':
            start, end = map(int, rows.split())
            want = want[start:end]
        got = np.load(path, allow_pickle=False)
        assert got.dtype == want.dtype and got.shape == want.shape, (path, got.dtype, got.shape, want.dtype, want.shape)
        same = got.tobytes() == want.tobytes()
        if dtype in wide and dtype != 'BF16':
            nan = np.isnan(want)
            same = (np.isnan(got) == nan).all() and got[~nan].tobytes() == want[~nan].tobytes()
            assert not nan.any() or set(np.abs(got[nan]).view('<u4')) == {0x7FC00000}, path
        assert same, (path, dtype, shape)
    """
}
