// swift-tools-version: 6.2
import PackageDescription

/// `make test` sets this; others are not stopped by what a later compiler warns of.
let warningsAreErrors: [SwiftSetting] =
  Context.environment["TARE_WARNINGS_AS_ERRORS"] == "1" ? [.treatAllWarnings(as: .error)] : []

let strict: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
  ] + warningsAreErrors

/// One library target and what it may import: the order of this list is the order of the layers.
func layer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name + "Tests", dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "tare",
  products: [
    .library(name: "Tare", targets: ["Tare"]),
    .executable(name: "tare", targets: ["TareCommand"]),
    .executable(name: "tare-hdf5", targets: ["TareHDF5"]),
    // For the benchmarks; nothing of it is promised to others.
    .library(name: "TareKernels", targets: ["Kernels"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CNettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .target(name: "CKernels"),
    layer("TensorModel"),
    layer("HDF5Protocol", ["TensorModel"]),
    layer("ByteStore", ["TensorModel"]),
    layer("Kernels", ["TensorModel", "CKernels"]),
    layer("Codecs", ["TensorModel", "CZstd", "CZlib"]),
    layer("Encodings", ["TensorModel", "Kernels", "Codecs"]),
    layer("Filters", ["TensorModel", "Kernels", "Codecs"]),
    layer("Containers", ["TensorModel", "ByteStore", "Kernels", "Codecs", "Filters", "HDF5Protocol"]),
    layer("Packing", ["TensorModel", "ByteStore", "Kernels", "Codecs", "Encodings", "Filters", "Containers"]),
    layer("Schemas", ["TensorModel", "Kernels", "Codecs", "Containers", "Packing"]),
    layer("Inspection", ["TensorModel", "Kernels", "Containers", "Packing", "Schemas"]),
    layer("Verification", ["TensorModel", "ByteStore", "Kernels", "Containers", "Packing", "CNettle"]),
    layer(
      "Conversion",
      [
        "TensorModel", "ByteStore", "Kernels", "Codecs", "Encodings", "Filters", "Containers", "Packing", "Schemas",
        "Verification",
      ]),
    layer("Export", ["TensorModel", "ByteStore", "Kernels", "Containers"]),
    layer(
      "Tare",
      [
        "TensorModel", "ByteStore", "Encodings", "Containers", "Packing", "Schemas", "Inspection", "Verification",
        "Conversion", "Export",
      ]),
    .executableTarget(
      name: "TareCommand",
      dependencies: ["Tare", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: strict),
    .executableTarget(
      name: "TareHDF5", dependencies: ["TensorModel", "HDF5Protocol", "CHDF5"], swiftSettings: strict),
    tests("Kernels", ["TensorModel", "Kernels", "MemoryModel"]),
    tests("Codecs", ["TensorModel", "Codecs", "MemoryModel"]),
    tests("Filters", ["TensorModel", "Filters", "MemoryModel"]),
    tests("Encodings", ["TensorModel", "Kernels", "Codecs", "Encodings", "MemoryModel"]),
    tests(
      "Packing", ["TensorModel", "ByteStore", "Kernels", "Codecs", "Encodings", "Containers", "Packing", "MemoryModel"]),
    tests(
      "Containers",
      ["TensorModel", "ByteStore", "Kernels", "Filters", "HDF5Protocol", "Containers", "MemoryModel"]),
    tests(
      "TareCommand",
      [
        "TareCommand", "Tare", "Kernels", "Encodings",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(
      name: "MemoryModel", dependencies: ["TensorModel", "Containers"], path: "Tests/MemoryModel",
      swiftSettings: strict),
    tests("Verification", ["Verification", "TensorModel", "ByteStore", "Kernels", "Containers", "MemoryModel"]),
    tests("Export", ["Export", "TensorModel", "ByteStore", "Kernels", "Containers", "MemoryModel"]),
    tests(
      "Conversion",
      [
        "Conversion", "TensorModel", "ByteStore", "Kernels", "Containers", "Packing", "Verification", "MemoryModel",
      ]),
    tests("Schemas", ["TensorModel", "Kernels", "Containers", "Schemas", "MemoryModel"]),
    tests("Inspection", ["TensorModel", "Kernels", "Containers", "Packing", "Inspection", "MemoryModel"]),
  ]
)
