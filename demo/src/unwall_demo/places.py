"""Where the demo market is: its merchants, warehouses and shops, and the cities its members live in."""

from unwall.commerce.stock.values import NodeKind
from unwall_demo.values import Art, DemoMerchant, DemoNode, DemoPlace

# Tables keep one row a line.
# fmt: off

FASHION, TEA, SKIN = "south-window", "cloud-step", "milu"


def merchants(seed: int) -> tuple[DemoMerchant, ...]:
    return tuple(
        DemoMerchant(
            slug=slug,
            name=name,
            name_zh=name_zh,
            tagline=tag,
            tagline_zh=tag_zh,
            about=about,
            about_zh=about_zh,
            palette=palette,
            follow_weight=follow,
            avatar=Art("avatar", slug, seed),
            banner=Art("banner", slug, seed),
            mark=Art("mark", slug, seed),
        )
        for slug, name, name_zh, tag, tag_zh, about, about_zh, palette, follow in (
            (
                FASHION,
                "South Window",
                "南窗",
                "Clothes for rooms with light in them.",
                "给有光的房间做衣服。",
                "A label from Hangzhou. We cut plain clothes in good cloth, in small runs, and photograph them on the same wall at three in the afternoon.",
                "来自杭州。用好料子做素净的衣服，小批量，下午三点，在同一面墙前拍照。",
                ("#f1e8da", "#23283a", "#b4472e", "#34507a"),
                0.72,
            ),
            (
                TEA,
                "Cloud Step",
                "云阶",
                "Tea from one hill, and its neighbours.",
                "一座山的茶，和它的邻居。",
                "We grow Longjing on forty terraces above Meijiawu and buy the rest from people whose hills we have walked.",
                "我们在梅家坞山上四十级梯田种龙井，其余的茶，来自我们走过的山和认识的人。",
                ("#eceadb", "#26332b", "#2f5a4c", "#a8392a"),
                0.34,
            ),
            (
                SKIN,
                "Milu",
                "米露",
                "Rice, camellia and little else.",
                "米、山茶，别的很少。",
                "Skin care made in Suzhou from seven plants. Every formula is printed whole on the box, with the share of each part.",
                "苏州制造的护肤品，只用七种植物。每个配方完整印在盒上，连比例一起。",
                ("#f6ece4", "#3a2f2b", "#b97a68", "#8fb3bb"),
                0.45,
            ),
        )
    )


MALL, LATE, STREET, QUIET = "Mo-Su 10:00-22:00", "Mo-Th 10:00-22:00; Fr-Su 10:00-22:30", "Mo-Su 10:30-21:00", "Tu-Su 09:30-19:30"
DAWN, DEPOT = "Mo-Su 09:00-18:00", "Mo-Sa 08:00-20:00; Su 09:00-17:00"

Row = tuple[str, str, str, str, str, str, float, float, str, str, str, int, int]

WAREHOUSES: tuple[Row, ...] = (
    ("JX1", FASHION, "Jiaxing Warehouse", "嘉兴仓", "Jiaxing", "嘉兴", 30.7290, 120.8080, "288 Yazhong Road, Nanhu District", "南湖区亚中路288号", DEPOT, 2600, 320),
    ("HZ9", TEA, "Yuhang Warehouse", "余杭仓", "Hangzhou", "杭州", 30.3900, 120.0440, "19 Fengxin Road, Yuhang District", "余杭区奉新路19号", DEPOT, 1200, 350),
)

SHOPS: tuple[Row, ...] = (
    ("HZ1", FASHION, "West Lake", "西湖店", "Hangzhou", "杭州", 30.2540, 120.1640, "147 Pinghai Road, Shangcheng District", "上城区平海路147号", MALL, 120, 620),
    ("SH1", FASHION, "Anfu Road", "安福路店", "Shanghai", "上海", 31.2146, 121.4418, "298 Anfu Road, Xuhui District", "徐汇区安福路298号", STREET, 110, 780),
    ("SH2", FASHION, "Jing'an", "静安店", "Shanghai", "上海", 31.2245, 121.4460, "1601 Nanjing West Road, Jing'an District", "静安区南京西路1601号", MALL, 140, 820),
    ("BJ1", FASHION, "Sanlitun", "三里屯店", "Beijing", "北京", 39.9340, 116.4540, "19 Sanlitun Road, Chaoyang District", "朝阳区三里屯路19号", LATE, 150, 800),
    ("CD1", FASHION, "Taikoo Li", "太古里店", "Chengdu", "成都", 30.6530, 104.0830, "8 Middle Shamao Street, Jinjiang District", "锦江区中纱帽街8号", LATE, 140, 640),
    ("GZ1", FASHION, "Tianhe", "天河店", "Guangzhou", "广州", 23.1320, 113.3270, "383 Tianhe Road, Tianhe District", "天河区天河路383号", MALL, 140, 700),
    ("SZ1", FASHION, "Nanshan", "南山店", "Shenzhen", "深圳", 22.5190, 113.9460, "2888 Keyuan South Road, Nanshan District", "南山区科苑南路2888号", MALL, 130, 760),
    ("NJ1", FASHION, "Xinjiekou", "新街口店", "Nanjing", "南京", 32.0430, 118.7840, "18 Zhongshan Road, Xuanwu District", "玄武区中山路18号", MALL, 110, 600),
    ("WH1", FASHION, "Chu River Han Street", "楚河汉街店", "Wuhan", "武汉", 30.5560, 114.3400, "1 Hanjie, Wuchang District", "武昌区汉街1号", MALL, 100, 560),
    ("XA1", FASHION, "South Gate", "南门店", "Xi'an", "西安", 34.2520, 108.9470, "1 Huancheng South Road West, Beilin District", "碑林区环城南路西段1号", MALL, 90, 540),
    ("CQ1", FASHION, "Jiefangbei", "解放碑店", "Chongqing", "重庆", 29.5580, 106.5770, "108 Minzu Road, Yuzhong District", "渝中区民族路108号", LATE, 100, 560),
    ("CS1", FASHION, "Wuyi Square", "五一广场店", "Changsha", "长沙", 28.1950, 112.9770, "188 Jiefang West Road, Furong District", "芙蓉区解放西路188号", LATE, 90, 540),
    ("TJ1", FASHION, "Wudadao", "五大道店", "Tianjin", "天津", 39.1120, 117.2030, "83 Chongqing Road, Heping District", "和平区重庆道83号", STREET, 80, 560),
    ("HZ2", TEA, "Meijiawu Tea House", "梅家坞茶舍", "Hangzhou", "杭州", 30.2020, 120.0900, "129 Meijiawu, Meiling South Road, Xihu District", "西湖区梅灵南路梅家坞129号", DAWN, 60, 500),
    ("SZ2", TEA, "Pingjiang Road", "平江路店", "Suzhou", "苏州", 31.3170, 120.6310, "94 Pingjiang Road, Gusu District", "姑苏区平江路94号", QUIET, 60, 520),
    ("XM1", TEA, "Shapowei", "沙坡尾店", "Xiamen", "厦门", 24.4400, 118.0850, "60 Minzu Road, Siming District", "思明区民族路60号", STREET, 60, 520),
    ("BJ2", TEA, "Wudaoying", "五道营店", "Beijing", "北京", 39.9480, 116.4130, "37 Wudaoying Hutong, Dongcheng District", "东城区五道营胡同37号", QUIET, 50, 680),
    ("KM1", TEA, "Green Lake", "翠湖店", "Kunming", "昆明", 25.0480, 102.7030, "23 Cuihu South Road, Wuhua District", "五华区翠湖南路23号", QUIET, 50, 460),
    ("SZ3", SKIN, "Suzhou Centre", "苏州中心店", "Suzhou", "苏州", 31.3190, 120.6790, "268 Wangdun Road, Suzhou Industrial Park", "苏州工业园区旺墩路268号", MALL, 420, 420),
    ("SH3", SKIN, "Xintiandi", "新天地店", "Shanghai", "上海", 31.2200, 121.4750, "245 Madang Road, Huangpu District", "黄浦区马当路245号", MALL, 160, 780),
    ("SZ4", SKIN, "Futian", "福田店", "Shenzhen", "深圳", 22.5330, 114.0560, "3 Fuhua 3rd Road, Futian District", "福田区福华三路3号", MALL, 140, 720),
    ("QD1", SKIN, "Badaguan", "八大关店", "Qingdao", "青岛", 36.0550, 120.3500, "12 Zhengyangguan Road, Shinan District", "市南区正阳关路12号", STREET, 80, 500),
    ("HB1", SKIN, "Central Street", "中央大街店", "Harbin", "哈尔滨", 45.7760, 126.6180, "69 Zhongyang Street, Daoli District", "道里区中央大街69号", STREET, 70, 480),
    ("CD2", SKIN, "Kuanzhai Alley", "宽窄巷子店", "Chengdu", "成都", 30.6690, 104.0530, "25 Zhai Alley, Qingyang District", "青羊区窄巷子25号", LATE, 110, 560),
    ("BJ3", SKIN, "Guomao", "国贸店", "Beijing", "北京", 39.9090, 116.4580, "1 Jianguomenwai Avenue, Chaoyang District", "朝阳区建国门外大街1号", MALL, 150, 760),
)


def nodes() -> tuple[DemoNode, ...]:
    kinds = [(NodeKind.WAREHOUSE, row) for row in WAREHOUSES] + [(NodeKind.SHOP, row) for row in SHOPS]
    return tuple(DemoNode(row[0], row[1], kind, *row[2:]) for kind, row in kinds)


PLACES = tuple(
    DemoPlace(*row)
    for row in (
        ("Shanghai", "上海", 31.2304, 121.4737, 13.0),
        ("Beijing", "北京", 39.9042, 116.4074, 11.0),
        ("Hangzhou", "杭州", 30.2741, 120.1551, 10.0),
        ("Shenzhen", "深圳", 22.5431, 114.0579, 8.5),
        ("Guangzhou", "广州", 23.1291, 113.2644, 8.0),
        ("Chengdu", "成都", 30.5728, 104.0668, 7.5),
        ("Suzhou", "苏州", 31.2990, 120.5853, 5.5),
        ("Nanjing", "南京", 32.0603, 118.7969, 5.0),
        ("Wuhan", "武汉", 30.5928, 114.3055, 4.5),
        ("Chongqing", "重庆", 29.5630, 106.5516, 4.5),
        ("Xi'an", "西安", 34.3416, 108.9398, 4.0),
        ("Changsha", "长沙", 28.2282, 112.9388, 3.5),
        ("Tianjin", "天津", 39.0842, 117.2010, 3.0),
        ("Qingdao", "青岛", 36.0671, 120.3826, 2.8),
        ("Xiamen", "厦门", 24.4798, 118.0894, 2.6),
        ("Kunming", "昆明", 25.0389, 102.7183, 2.4),
        ("Ningbo", "宁波", 29.8683, 121.5440, 2.4),
        ("Harbin", "哈尔滨", 45.8038, 126.5350, 1.9),
        ("Jiaxing", "嘉兴", 30.7461, 120.7555, 1.5),
        ("Dalian", "大连", 38.9140, 121.6147, 1.5),
        ("Fuzhou", "福州", 26.0745, 119.2965, 1.4),
        ("Guiyang", "贵阳", 26.6470, 106.6302, 1.1),
        ("Urumqi", "乌鲁木齐", 43.8256, 87.6168, 0.7),
        ("Lhasa", "拉萨", 29.6520, 91.1721, 0.3),
    )
)
