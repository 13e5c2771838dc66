//! Small files in the formats of official ones, to start from.

/// Instructions of a pickle of protocol 2.
#[derive(Clone)]
struct Py(Vec<u8>);

impl Py {
    fn int(number: u8) -> Self {
        Self(vec![b'K', number])
    }

    fn float(number: f64) -> Self {
        Self([&b"G"[..], &number.to_be_bytes()].concat())
    }

    fn text(text: &str) -> Self {
        Self([b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat())
    }

    fn list(items: &[Self]) -> Self {
        let items: Vec<u8> = items.iter().flat_map(|item| item.0.clone()).collect();
        Self([b"](", &items[..], b"e"].concat())
    }

    fn all(item: &Self, count: usize) -> Self {
        Self::list(&vec![item.clone(); count])
    }

    fn dict(items: &[(&str, Self)]) -> Self {
        let items: Vec<u8> =
            items.iter().flat_map(|(key, item)| [Self::text(key).0, item.0.clone()].concat()).collect();
        Self([b"}(", &items[..], b"u"].concat())
    }

    /// An array of bytes.
    fn array(rows: u16, columns: u16) -> Self {
        let mut bytes = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R(K\x01M".to_vec();
        bytes.extend(rows.to_le_bytes());
        bytes.push(b'M');
        bytes.extend(columns.to_le_bytes());
        bytes.extend(
            b"\x86cnumpy\ndtype\nU\x02u1K\0K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89T",
        );
        let count = u32::from(rows) * u32::from(columns);
        bytes.extend(count.to_le_bytes());
        bytes.extend((0..count).map(|place| place as u8));
        bytes.extend(b"tb");
        Self(bytes)
    }

    fn pickle(&self) -> Vec<u8> {
        [b"\x80\x02", &self.0[..], b"."].concat()
    }
}

/// Target, name and content of each.
pub fn all() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    [authors(), cifar(), packs()].concat()
}

/// Costs and tasks of a few architectures: too few for a table.
fn packs() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let float = Py::float(0.5);
    let config = Py::dict(&[("arch_str", Py::text("|avg_pool_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|"))]);
    let metrics = ["edgegpu_latency", "edgetpu_latency", "fpga_energy"].map(|name| (name, Py::all(&float, 3)));
    let costs = Py::dict(&[&[("config", Py::all(&config, 3))], &metrics[..]].concat());
    let datasets = Py::dict(&[("cifar10", costs.clone()), ("cifar100", costs)]);
    let hardware = Py::dict(&[("nasbench201", datasets), ("fbnet", Py::dict(&[]))]).pickle();
    let row = |net: &str| format!("\"{net}\",5.5,24.5,10,-1.0,3.5,3.5,0.5,6.25,2.5,18\n");
    let head = "net,edgegpu_latency,edgegpu_energy,raspi4_latency,edgetpu_latency,pixel3_latency,eyeriss_latency,eyeriss_energy,\
                eyeriss_arithmetic_intensity,fpga_latency,fpga_energy\n";
    let table = [head, &row("(4, 3, 3, 0, 0, 0)"), &row("(0, 1, 2, 3, 4, 0)")].concat();
    let epochs = Py::dict(&[("valid_top1", Py::all(&float, 2)), ("test_top1", Py::all(&float, 2))]);
    let result = Py::dict(&[("total_epochs", Py::int(2)), ("model_info", Py::dict(&[])), ("metrics", epochs)]);
    let tasks = Py::dict(&[("jigsaw", result.clone()), ("class_scene", result)]);
    let data = Py::dict(&[
        ("macro", Py::dict(&[("64-4111-basic", tasks.clone())])),
        ("micro", Py::dict(&[("64-41414-1_02_333", tasks)])),
    ]);
    let names = Py::list(&[Py::text("valid_top1"), Py::text("test_top1")]);
    let object = Py::dict(&[
        ("metrics_dict", Py::dict(&[("jigsaw", names.clone()), ("class_scene", names)])),
        ("info_names", Py::list(&[])),
        ("task_list", Py::list(&[Py::text("jigsaw"), Py::text("class_scene")])),
        ("data", data),
    ])
    .pickle();
    let torch = [
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.".as_slice(),
        &object,
        b"\x80\x02]q\0.",
    ]
    .concat();
    let list = "[{\"arch\": \"(1, 0, 2, 3, 3, 3)\", \"zen\": {\"score\": 1.5, \"time\": 1}, \"val_accuracy\": 91.5}]";
    let kind = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    vec![
        ("sweeps", "hardware", kind(8, &hardware)),
        ("sweeps", "hardware-table", kind(9, table.as_bytes())),
        ("sweeps", "tnb101", kind(10, &torch)),
        ("sweeps", "tnb101-object", kind(11, &object)),
        ("sweeps", "tnb101-naslib", kind(12, list.as_bytes())),
    ]
}

fn authors() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let float = Py::float(0.5);
    let scores = Py::all(&Py::all(&float, 5), 10);
    let costs = Py::all(&Py::int(7), 5);
    let run = Py::dict(&[
        ("module_adjacency", Py::all(&Py::all(&Py::int(1), 7), 7)),
        ("module_operations", Py::all(&Py::text("input"), 7)),
        ("trainable_parameters", Py::int(9)),
        ("training_time", float.clone()),
        ("train_accuracy", float.clone()),
        ("validation_accuracy", float.clone()),
        ("test_accuracy", float.clone()),
    ]);
    let stat = |gt: Py, scores: Py| {
        let (params, flops) = (("params", costs.clone()), ("flops", costs.clone()));
        Py::dict(&[("gt", gt), ("derive", scores.clone()), ("loss", scores), params, flops]).pickle()
    };
    let nds = |keys: &[(&str, &str)]| {
        let items: Vec<String> = keys
            .iter()
            .flat_map(|(key, value)| (0..3).map(move |stage| format!("('{key}.{stage}', {value})")))
            .collect();
        let text = Py::text(&format!("OrderedDict([{}])", items.join(", ")));
        Py::list(&[Py::all(&text, 5), costs.clone(), costs.clone(), Py::all(&float, 5)]).pickle()
    };
    let resnet = [("depths", "1"), ("widths", "16")];
    let resnext = [resnet[0], resnet[1], ("bot_muls", "0.25"), ("num_groups", "2")];
    let edges = [(0, 2), (1, 2), (0, 3), (2, 3), (1, 4), (3, 4), (0, 5), (4, 5)];
    let cell: Vec<String> = edges.iter().map(|(from, to)| format!("('skip_connect', {from}, {to})")).collect();
    let cells = format!("- normal_0=[{0}],\n  reduce_1=[{0}]\n", cell.join(", ")).repeat(5);
    let log: String = (0..5).map(|row| format!("INFO: Arch {row:>3}: reward: 0.5; loss: 1.5; acc: 0.5000\n")).collect();
    let name = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|";
    let files = |files: &[(u8, &[u8])]| -> Vec<u8> {
        let parts: Vec<Vec<u8>> = files.iter().map(|(which, content)| [&[*which], *content].concat()).collect();
        parts.join(&b"\n\xff\0\n"[..])
    };
    let nb301 = stat(Py::all(&float, 5), Py::all(&scores, 3));
    vec![
        ("authors", "nb101", files(&[(0, &stat(Py::all(&run, 5), scores))])),
        ("authors", "nb301", files(&[(1, &nb301), (2, cells.as_bytes())])),
        ("authors", "nds", files(&[(3, &nds(&resnet)), (4, &nds(&resnext))])),
        ("authors", "logs", files(&[(5, log.as_bytes()), (6, log.as_bytes())])),
        ("authors", "iso", files(&[(7, format!("'{name}': 0.8586333333333335\n").as_bytes())])),
        ("authors", "groups", files(&[(3, &nds(&resnet)), (8, b"6466\n0 0 0 1 0 0 0.80000 \n"), (9, name.as_bytes())])),
    ]
}

fn cifar() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let labels: Vec<Py> = (0..10).map(Py::int).collect();
    let names: Vec<Py> = (0..10).map(|row| Py::text(&format!("x_{row}.png"))).collect();
    let batch = |caption: &str| {
        let (labels, names) = (Py::list(&labels), Py::list(&names));
        let (data, caption) = (Py::array(10, 3_072), Py::text(caption));
        Py::dict(&[("batch_label", caption), ("labels", labels), ("filenames", names), ("data", data)]).pickle()
    };
    let rows: Vec<u8> = (0..10).flat_map(|row| [vec![row], vec![3 * row; 3_072]].concat()).collect();
    let classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
    let meta = Py::dict(&[("label_names", Py::list(&classes.map(Py::text)))]).pickle();
    let fine = Py::dict(&[("fine_labels", Py::list(&labels)), ("data", Py::array(1, 3_072))]).pickle();
    [(0, "python", batch("testing batch 1 of 1")), (1, "binary", rows), (2, "hundred", fine), (4, "meta", meta)]
        .map(|(which, name, content)| ("cifar", name, [&[which], &content[..]].concat()))
        .to_vec()
}
