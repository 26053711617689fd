function __tare_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __tare_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __tare_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __tare_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __tare_parse_tokens -S
    set -l unparsed_tokens (__tare_tokens -pc)
    switch $unparsed_tokens[1]
    case 'tare'
        __tare_parse_subcommand 0 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'inspect'
            __tare_parse_subcommand -r 1 'header-only' 'exact' 'group=' 'sort=' 'format=' 'histogram' 'compare=' 'fail-if=+' 'o/output=' 'f/force' 'tensor=+' 'exclude=+' 'base=' 'threads=' 'memory=' 'json' 'color=' 'quiet' 'verbose' 'version' 'h/help'
        case 'pack'
            __tare_parse_subcommand -r 1 'o/output=' 'level=' 'canonical-zero' 'base=' 'explain' 'f/force' 'threads=' 'memory=' 'json' 'quiet' 'verbose' 'version' 'h/help'
        case 'unpack'
            __tare_parse_subcommand -r 1 'o/output=' 'max-expansion=' 'salvage' 'f/force' 'base=' 'threads=' 'memory=' 'json' 'quiet' 'verbose' 'version' 'h/help'
        case 'convert'
            __tare_parse_subcommand 2 'to=' 'container=' 'byte-order=' 'compression=' 'shard=' 'fold-masks' 'tensor=+' 'exclude=+' 'dtype=' 'prune=' 'activations=' 'quantize=' 'dequantize' 'only=+' 'skip=+' 'rename=+' 'level=' 'dry-run' 'verify' 'max-expansion=' 'base=' 'f/force' 'threads=' 'memory=' 'json' 'quiet' 'verbose' 'version' 'h/help'
        case 'verify'
            __tare_parse_subcommand 2 'tolerance=' 'rename=+' 'max-differences=' 'sha256' 'o/output=' 'certificate=' 'f/force' 'tensor=+' 'exclude=+' 'base=' 'threads=' 'memory=' 'json' 'color=' 'quiet' 'verbose' 'version' 'h/help'
        case 'cat'
            __tare_parse_subcommand 2 'o/output=' 'format=' 'rows=' 'base=' 'f/force' 'version' 'h/help'
        case 'formats'
            __tare_parse_subcommand 0 'json' 'color=' 'version' 'h/help'
        case 'help'
            __tare_parse_subcommand -r 1 'version'
        end
    end
end

function __tare_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __tare_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __tare_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __tare_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__tare_tokens -p)
    if test -z "$(__tare_tokens -t)"
        set -l index (count (__tare_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'tare' -f
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare" version' -l 'version' -d 'Show the version.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare" -eq 1' -fa 'inspect' -d 'Reports what a model holds, layer by layer.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare" -eq 1' -fa 'pack' -d 'Stores a model compactly, losslessly, as MODEL.tare.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare" -eq 1' -fa 'unpack' -d 'Gives the original file or folder back, byte for byte.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare" -eq 1' -fa 'convert' -d 'Writes a model anew: in another container, type or cut, some of its tensors, under other names.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare" -eq 1' -fa 'verify' -d 'Checks a model from end to end, or proves that two hold the same.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare" -eq 1' -fa 'cat' -d 'Writes one tensor, or a range of its rows.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare" -eq 1' -fa 'formats' -d 'Lists the containers, data types and encodings that this build reads and writes.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare inspect" -ge 1' -F
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" header-only' -l 'header-only' -d 'Read the header alone, no data.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" exact' -l 'exact' -d 'Sample nothing: pack all of the data, count all elements and distinct values.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" group' -l 'group' -d 'What makes one row of the report.' -rfka 'tensor layer model'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" sort' -l 'sort' -d 'The order of the rows; file is the order in the file.' -rfka 'name bytes sparsity savings file'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" format' -l 'format' -d 'The form of the report; a table unless said otherwise.' -rfka 'table json csv markdown'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" histogram' -l 'histogram' -d 'Show how the values that are not 0 are spread, as bars in the table, in full in JSON.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" compare' -l 'compare' -d 'Show another model beside the one, row by row, and what changed.' -rF
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect"' -l 'fail-if' -d 'Exit with 1 where this holds, such as \'sparsity<50%\' or \'tensor.nan>0\'. May be repeated.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" o output' -l 'output' -s 'o' -d 'Write the report to a file.' -rF
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" f force' -l 'force' -s 'f' -d 'Overwrite the output where it exists.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect"' -l 'tensor' -d 'Only tensors whose name matches the pattern; *, ? and [a-z] as in a shell. May be repeated.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect"' -l 'exclude' -d 'No tensors whose name matches the pattern. May be repeated.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" base' -l 'base' -d 'The model from which tensors are, or were, stored as the difference.' -rF
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" threads' -l 'threads' -d 'Worker threads. (default: all cores)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" memory' -l 'memory' -d 'Ceiling of working memory, in bytes or with K, M or G for powers of 1024. (default: 512M)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" json' -l 'json' -d 'Write the result as one JSON document.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" color' -l 'color' -d 'Colors: auto, always or never; auto obeys NO_COLOR.' -rfka 'auto always never'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" quiet' -l 'quiet' -d 'Say nothing but the result and errors.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" verbose' -l 'verbose' -d 'Say more about what is being done.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" version' -l 'version' -d 'Show the version.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare inspect" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare pack" -ge 1' -F
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" o output' -l 'output' -s 'o' -d 'Where the packed file goes. (default: MODEL.tare beside MODEL)' -rF
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" level' -l 'level' -d 'From 1, the fastest, to 9, the smallest. (default: 3)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" canonical-zero' -l 'canonical-zero' -d 'Store −0 of floating-point tensors as +0: smaller where pruning left signs, but not the same bits.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" base' -l 'base' -d 'The model from which tensors are, or were, stored as the difference.' -rF
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" explain' -l 'explain' -d 'Say for each tensor which encoding was chosen, and why.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" f force' -l 'force' -s 'f' -d 'Overwrite the output where it exists.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" threads' -l 'threads' -d 'Worker threads. (default: all cores)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" memory' -l 'memory' -d 'Ceiling of working memory, in bytes or with K, M or G for powers of 1024. (default: 512M)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" json' -l 'json' -d 'Write the result as one JSON document.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" quiet' -l 'quiet' -d 'Say nothing but the result and errors.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" verbose' -l 'verbose' -d 'Say more about what is being done.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" version' -l 'version' -d 'Show the version.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare pack" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare unpack" -ge 1' -fa '(for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.\'tare\';printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare unpack" o output' -l 'output' -s 'o' -d 'Where the original goes. (default: PACKED without .tare; with --salvage, followed by .salvaged)' -rF
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare unpack" max-expansion' -l 'max-expansion' -d 'Refuse a file whose content is more than N times its own size. (default: 1000)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare unpack" salvage' -l 'salvage' -d 'Bring back what is whole of a damaged file, and name what isn\'t.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare unpack" f force' -l 'force' -s 'f' -d 'Overwrite the output where it exists.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare unpack" base' -l 'base' -d 'The model from which tensors are, or were, stored as the difference.' -rF
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare unpack" threads' -l 'threads' -d 'Worker threads. (default: all cores)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare unpack" memory' -l 'memory' -d 'Ceiling of working memory, in bytes or with K, M or G for powers of 1024. (default: 512M)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare unpack" json' -l 'json' -d 'Write the result as one JSON document.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare unpack" quiet' -l 'quiet' -d 'Say nothing but the result and errors.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare unpack" verbose' -l 'verbose' -d 'Say more about what is being done.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare unpack" version' -l 'version' -d 'Show the version.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare unpack" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare convert" -eq 1' -F
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare convert" -eq 2' -F
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" to' -l 'to' -d 'The container of OUT, unless its extension says it.' -rfka 'safetensors gguf hdf5 keras tare'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" container' -l 'container' -d 'The container of the file that a packed OUT holds: safetensors, gguf or hdf5. (default: that of IN)' -rfka 'safetensors gguf hdf5'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" byte-order' -l 'byte-order' -d 'The byte order of a GGUF file: little, or big for machines that have it. (default: little)' -rfka 'little big'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" compression' -l 'compression' -d 'How an HDF5 file is compressed: none; gzip, which every reader knows, or zstd, which h5py reads with hdf5plugin; of a level as in gzip:6, 1 to 9 (default: 4), or zstd:9, 1 to 22 (default: 1). The bytes of elements are shuffled before. (default: gzip)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" shard' -l 'shard' -d 'Cut the model into files of at most SIZE, with their index, in a folder: bytes, or with K, M or G for powers of 1024, with KB, MB or GB for powers of 1000.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" fold-masks' -l 'fold-masks' -d 'Write the product of each weight X_orig and its mask X_mask, as torch.nn.utils.prune leaves them, as X, and leave the two out. Patterns match X.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert"' -l 'tensor' -d 'Only tensors whose name matches the pattern; *, ? and [a-z] as in a shell. May be repeated.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert"' -l 'exclude' -d 'No tensors whose name matches the pattern. May be repeated.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" dtype' -l 'dtype' -d 'Cast floats to a type: f64, f32, f16, bf16, f8_e4m3, f8_e5m2, f8_e4m3fnuz or f8_e5m2fnuz; to the nearest, ties to even.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" prune' -l 'prune' -d 'Set weights to zero: magnitude:0.5, that share of each tensor by magnitude; global:0.5, of all tensors together; 2:4, all but 2 of every 4 inputs; block16x16:0.75, blocks by norm; rows:0.25, outputs by norm; wanda:0.5 or wanda:2:4, in each row by magnitude times the norm of the input. Embeddings, output heads, norms, biases and the like stay as they are, unless --only names them.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" activations' -l 'activations' -d 'For --prune wanda, the norms of the inputs: a model that holds for each weight a vector of its name, or of its name and .input_norm, with one element for each column.' -rF
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" quantize' -l 'quantize' -d 'Put weights on a grid, after --prune and --dtype: int2 to int8, symmetric unless :asym follows; ternary; palette2 to palette256, by k-means; nf4; mxfp4; fp8. What shares a scale may follow, as in int4:g128: tensor, row, g and a number of inputs, or block128x128 (default: g128, int8 and fp8 row, ternary tensor, nf4 g64), and the type of the scales, bf16 or f16 (default: f32). Or give them a block type of GGUF: q4_0, q4_1, q5_0, q5_1, q8_0, q2_k to q6_k, tq1_0, tq2_0, and mxfp4 where OUT is GGUF.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" dequantize' -l 'dequantize' -d 'Write the numbers of block types as F32, before anything else is done with them.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert"' -l 'only' -d 'Transform only tensors whose name matches the pattern; the others are written as they are. May be repeated.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert"' -l 'skip' -d 'Write tensors whose name matches the pattern as they are. May be repeated.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert"' -l 'rename' -d 'Give tensors named OLD the name NEW; a * stands for any run of characters, and for the same run in NEW. May be repeated: each rule is applied to what the one before made.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" level' -l 'level' -d 'How a packed output is packed: from 1, the fastest, to 9, the smallest. (default: 3)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" dry-run' -l 'dry-run' -d 'Say what would be written, and write nothing.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" verify' -l 'verify' -d 'Read back what was written, and compare it bit for bit.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" max-expansion' -l 'max-expansion' -d 'Refuse a packed file whose content is more than N times its own size. (default: 1000)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" base' -l 'base' -d 'The model from which tensors are, or were, stored as the difference.' -rF
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" f force' -l 'force' -s 'f' -d 'Overwrite the output where it exists.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" threads' -l 'threads' -d 'Worker threads. (default: all cores)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" memory' -l 'memory' -d 'Ceiling of working memory, in bytes or with K, M or G for powers of 1024. (default: 512M)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" json' -l 'json' -d 'Write the result as one JSON document.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" quiet' -l 'quiet' -d 'Say nothing but the result and errors.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" verbose' -l 'verbose' -d 'Say more about what is being done.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" version' -l 'version' -d 'Show the version.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare convert" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare verify" -eq 1' -F
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare verify" -eq 2' -F
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" tolerance' -l 'tolerance' -d 'What counts as the same: exact, the same dtypes and bits, unless said otherwise; value, the same numbers, where -0 is +0 and any NaN is any NaN; abs=X, no error above X; rel=X, none above X times the larger magnitude of the two; sqnr=DB, a ratio of signal to noise of so many decibels or more in each tensor.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify"' -l 'rename' -d 'Compare the tensor named OLD in A with that named NEW in B; a * stands for any run of characters, and for the same run in NEW. May be repeated: each rule is applied to what the one before made.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" max-differences' -l 'max-differences' -d 'Show at most N of the tensors that differ. (default: 10)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" sha256' -l 'sha256' -d 'Say the SHA-256 of each file, too.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" o output' -l 'output' -s 'o' -d 'Write a certificate of what was found.' -rfa '(for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.\'json\';printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" certificate' -l 'certificate' -d 'Hold the model against a certificate: A alone against whichever model of it fits, A and B against its two.' -rfa '(for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.\'json\';printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" f force' -l 'force' -s 'f' -d 'Overwrite the output where it exists.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify"' -l 'tensor' -d 'Only tensors whose name matches the pattern; *, ? and [a-z] as in a shell. May be repeated.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify"' -l 'exclude' -d 'No tensors whose name matches the pattern. May be repeated.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" base' -l 'base' -d 'The model from which tensors are, or were, stored as the difference.' -rF
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" threads' -l 'threads' -d 'Worker threads. (default: all cores)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" memory' -l 'memory' -d 'Ceiling of working memory, in bytes or with K, M or G for powers of 1024. (default: 512M)' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" json' -l 'json' -d 'Write the result as one JSON document.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" color' -l 'color' -d 'Colors: auto, always or never; auto obeys NO_COLOR.' -rfka 'auto always never'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" quiet' -l 'quiet' -d 'Say nothing but the result and errors.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" verbose' -l 'verbose' -d 'Say more about what is being done.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" version' -l 'version' -d 'Show the version.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare verify" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tare' -n '__tare_should_offer_completions_for_positional "tare cat" -eq 1' -F
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare cat" o output' -l 'output' -s 'o' -d 'Where the tensor goes. (default: standard output)' -rF
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare cat" format' -l 'format' -d 'The form in which it is written; unless said otherwise by the extension of the output, else npy.' -rfka 'npy raw text'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare cat" rows' -l 'rows' -d 'The rows from A to B - 1 of the first dimension; A or B may be left out.' -rfka ''
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare cat" base' -l 'base' -d 'The model from which tensors are, or were, stored as the difference.' -rF
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare cat" f force' -l 'force' -s 'f' -d 'Overwrite the output where it exists.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare cat" version' -l 'version' -d 'Show the version.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare cat" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare formats" json' -l 'json' -d 'Write the result as one JSON document.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare formats" color' -l 'color' -d 'Colors: auto, always or never; auto obeys NO_COLOR.' -rfka 'auto always never'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare formats" version' -l 'version' -d 'Show the version.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare formats" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tare' -n '__tare_should_offer_completions_for_flags_or_options "tare help" version' -l 'version' -d 'Show the version.'
