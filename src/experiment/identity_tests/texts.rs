//! Specs that set everything.

/// Tables whose keys are names that the author of a spec chooses.
pub(super) const NAMED: [&str; 5] = ["estimators", "panels", "variants", "panels.*.scores", "panels.*.votes"];

pub(super) const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Settings of a training without its schedule.
const TRAINING: &str = "\
    epochs = 6\nbatch = 16\nlearning-rate = 0.05\nmomentum = 0.8\nweight-decay = 0.001\nclip = 5.0\ndropout = 0.1\naugment = true\n";

/// Specs that together set every key that specs can have. `FILE` stands for a score file.
pub(in super::super) fn texts() -> Vec<String> {
    let file = format!("file = {{ path = 'truth', sha256 = '{DIGEST}' }}");
    let everything = format!(
        "name = 'everything'\ntitle = 'All keys'\nspace = 'nb201'\n\
         [images.synthetic]\nseed = 1\nresolution = 16\ntrain = 96\nvalidation = 40\n\
         [truth.trained]\ntable = 'nb201-micro'\nverify = 2\n\
         [supernet]\nseeds = [20, 2020]\nsampling = 'deiso'\narchitectures = 2\ndecay-unsampled = false\ncheckpoints = [2, 4]\n\
         network = {{ channels = 4, cells = 1, cell-affine = true }}\nwithout = {{ operations = ['avg_pool_3x3'] }}\n\
         [supernet.training]\n{TRAINING}schedule = {{ warm-cosine = {{ warmup = 2 }} }}\n\
         [supernet.prune]\nafter = 3\nkeep = 0.5\nby = 'oneshot_loss'\ncandidates = 10\nvalidation = 8\n\
         [supernet.watch]\nepochs = [1, 2]\narchitectures = 2\n\
         [one-shot]\nbatch = 5\nvalidation = 20\naverage-last = [1, 2]\nevery-checkpoint = true\nensemble = 'seeds'\n\
         [zero-shot]\nnetwork = {{ channels = 8, cells = 2, cell-affine = true }}\nbatch = 8\nbatches = 2\nseeds = [1, 2]\n\
         input = 'images'\nprecision = 'f64'\ndropout = 0.2\n\
         [variants.noise.zero-shot]\ninput = 'gaussian'\n\
         [variants.trained.zero-shot]\nform = 'supernet'\nprecision = 'f32'\nweights = 'supernet'\n\
         network = {{ channels = 4, cells = 1, cell-affine = true }}\n\
         [variants.slow.supernet.training]\nlearning-rate = 0.01\n\
         [variants.small.one-shot]\nbatch = 4\n\
         [panels.a]\nestimators = ['params', 'snip', 'oneshot_loss']\nsample = 5\nseed = 3\n\
         without = {{ operations = ['avg_pool_3x3'] }}\n\
         [panels.b]\nestimators = ['flops', 'synflow', 'snip', 'oneshot_accuracy']\nmissing = 'pass-over'\nfailed = 'drop'\nagainst = ['runs']\nvariants = ['noise', 'small']\n\
         without = {{ operations = ['avg_pool_3x3'] }}\n\
         [panels.b.scores.mine]\nfile = {{ FILE }}\ncolumn = 's{{seed}}e{{epoch}}'\nseeds = [1, 2]\nepochs = [3, 4]\nform = 'text'\nfailures = [-1.0]\ndirection = 'lower'\n\
         [panels.b.scores.runs]\nfile = {{ FILE }}\ncolumns = ['s1e3', 's1e4']\n\
         [panels.b.votes.both]\nmembers = ['flops', 'synflow']\nrule = 'borda'\n\
         [criteria]\nfractions = [0.5]\nranking-fractions = [0.5]\nbest-of = [1]\ntop-counts = [3]\nresamples = 10\n"
    );
    let fair = format!(
        "name = 'fair'\nspace = 'nb201'\n\
         [images.cifar10]\nfiles = [{{ path = 'a', sha256 = '{DIGEST}' }}, {{ path = 'b', sha256 = '{DIGEST}' }}]\ntrain = 96\nvalidation = 40\n\
         [truth.nb201]\n{file}\naccuracy = 'cifar10-test-200-v1.0-mean'\nrows = 'all'\n\
         [supernet]\nsampling = 'iso'\nstrategy = 'fair'\n\
         [supernet.training]\n{TRAINING}schedule = {{ plateau = {{ patience = 2 }} }}\n\
         [zero-shot]\ninput = 'uniform'\n\
         [variants.images.zero-shot]\ninput = 'images'\n\
         [panels.a]\nestimators = ['params', 'snip', 'oneshot_accuracy']\n"
    );
    let [hundred, small] = ["cifar100", "imagenet16-120"].map(|set| {
        fair.replace("'fair'\nspace", &format!("'{set}'\nspace")).replace("images.cifar10", &format!("images.{set}"))
    });
    let nb301 = format!(
        "name = 'layers'\nspace = 'nb301'\n[images.synthetic]\ntrain = 96\nvalidation = 40\n\
         [truth.nb301]\n{file}\nprecision = 'full'\nrows = 'all'\n\
         [supernet]\nsampling = 'iso'\n[supernet.training]\n{TRAINING}schedule = 'cosine'\n\
         [supernet.prune]\nafter = 3\nkeep = 0.5\nby = 'oneshot_accuracy'\ncandidates = 10\n\
         [panels.a]\nestimators = ['params', 'snip', 'oneshot_accuracy']\n"
    );
    let nb101 = format!(
        "name = 'stacks'\nspace = 'nb101'\n[images.synthetic]\ntrain = 96\nvalidation = 40\n\
         [truth.nb101]\n{file}\naccuracy = 'test'\nrows = 'all'\n\
         [supernet]\nsampling = 'iso'\n[supernet.training]\n{TRAINING}\
         [panels.a]\nestimators = ['params', 'oneshot_loss']\n[panels.b]\nsample = 6\nestimators = ['flops']\n"
    );
    let nds = format!(
        "name = 'widths'\nspace = 'nds_resnet'\n[images.synthetic]\ntrain = 96\nvalidation = 40\n\
         [truth.nds]\n{file}\n\
         [supernet]\nsampling = 'iso'\npicker = 'l1'\n[supernet.training]\n{TRAINING}\
         [supernet.watch]\nepochs = [1]\narchitectures = 1\n\
         [panels.a]\nestimators = ['params', 'snip', 'oneshot_loss']\n"
    );
    let named = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"];
    let named = named.into_iter().flat_map(|first| {
        let end = "+|none~0|none~1|skip_connect~2|";
        ["skip_connect", "nor_conv_3x3"].map(|second| format!("'|{first}~0|+|none~0|{second}~1|{end}'"))
    });
    let named = format!(
        "name = 'named'\nspace = 'nb201'\n[images.synthetic]\ntrain = 96\nvalidation = 40\n[truth.none]\n\
         [estimators.mine]\ncommand = ['python', 'mine.py']\nversion = 2\ndirection = 'lower'\nlimit = 7\n\
         [panels.a]\nestimators = ['params', 'snip', 'mine']\nencodings = 'class'\narchitectures = [{}]\n\
         [panels.b]\nestimators = ['flops', 'snip']\narchitectures = {{ FILE }}\n",
        named.collect::<Vec<_>>().join(", ")
    );
    let measured = format!(
        "name = 'measured'\nspace = 'nb101'\n[images.synthetic]\ntrain = 96\nvalidation = 40\n\
         [truth.table]\n{file}\ncolumns = ['a', 'b']\n[panels.a]\nestimators = ['params']\n"
    );
    let unit = measured.replace("columns = ['a', 'b']", "columns = ['a']\nunit = 'ms'\nbetter = 'lower'");
    vec![everything, fair, hundred, small, nb301, nb101, nds, named, measured, unit]
}
